"""The key of the tokens: what makes it fit, and how Spark gets it without showing it in any plan.

Sources: RFC 2104 (HMAC), RFC 4231 (test vectors). Spark has `hmac` only from 4.3 on; a literal key would stand in
every plan and in the event log, so the padded keys are the value of a scalar subquery (docs/privacy.md).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType, StructField, StructType

from etl_customers.errors import ConfigurationInvalid
from etl_customers.privacy.key_source import TokenKeySource

_BLOCK = 64  # bytes, the block size of SHA-256
_MIN_BYTES = 32
#: Keys from documentation and tests, which must never protect anything.
_KNOWN_SAMPLES = ("0123456789abcdef", "changeme", "secret", "password", "example")


@dataclass(frozen=True)
class TokenKey:
    """A master key and its id; a sub-key for each purpose is derived from it."""

    key_id: str
    master: bytes = field(repr=False)

    def subkey(self, purpose: str) -> bytes:
        """HMAC-SHA256(master, purpose): tokens of different purposes cannot be compared."""
        return hmac.new(self.master, purpose.encode(), hashlib.sha256).digest()

    def pads(self, purpose: str) -> tuple[bytes, bytes]:
        """The sub-key as RFC 2104 puts it before the inner and the outer message."""
        padded = self.subkey(purpose).ljust(_BLOCK, b"\0")
        return bytes(b ^ 0x36 for b in padded), bytes(b ^ 0x5C for b in padded)


def read_token_key(source: TokenKeySource, key_id: str) -> TokenKey:
    """The key that the source holds, surrounding white space removed.

    Raises:
        ConfigurationInvalid: missing, shorter than 32 bytes, or plainly not random. There is no unkeyed fallback.
    """
    master = source.read().strip()
    if len(master) < _MIN_BYTES:
        raise ConfigurationInvalid(f"the token key must have at least {_MIN_BYTES} bytes, it has {len(master)}")
    if len(set(master)) < 8 or any(sample.encode() in master.lower() for sample in _KNOWN_SAMPLES):
        raise ConfigurationInvalid("the token key is not random; make one with: openssl rand -hex 32")
    return TokenKey(key_id, master)


class KeyedHash:
    """HMAC-SHA256 in native expressions, under the sub-keys of some purposes of one key.

    The padded keys are the value of a one-row scalar subquery: no row carries them along, and a plan shows only that
    there is a subquery.
    """

    def __init__(self, spark: SparkSession, key: TokenKey, purposes: tuple[str, ...]) -> None:
        values: list[bytes] = []
        for purpose in purposes:
            values += key.pads(purpose)
        names = [name for purpose in purposes for name in _pad_names(purpose)]
        schema = StructType([StructField(name, BinaryType(), False) for name in names])
        self._pads = spark.createDataFrame([tuple(values)], schema).select(F.struct(*names)).scalar()

    def __call__(self, message: Column, purpose: str) -> Column:
        """HMAC-SHA256 of `message` (string) in lower hex under the sub-key of `purpose`; NULL stays NULL."""
        inner_pad, outer_pad = (self._pads[name] for name in _pad_names(purpose))
        inner = F.sha2(F.concat(inner_pad, message.cast("binary")), 256)
        return F.sha2(F.concat(outer_pad, F.unhex(inner)), 256)


def _pad_names(purpose: str) -> tuple[str, str]:
    return f"_pad_in_{purpose}", f"_pad_out_{purpose}"

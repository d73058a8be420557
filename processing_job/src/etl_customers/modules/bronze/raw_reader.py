"""Port: how raw files become a stream of bronze rows. Two adapters: Auto Loader, and Spark's own file stream."""

from __future__ import annotations

from typing import Protocol

from customer_contract import SourceProfile
from pyspark.sql import DataFrame

#: Field of `_rescued_data` that holds a line which could not be parsed at all.
CORRUPT_RECORD = "_corrupt_record"
#: Field in which a service delivers what the contract does not know.
EXTRA_FIELD = "_extra"


class RawReader(Protocol):
    """Reads the parts of one source that have not been read before."""

    def stream(self, source: SourceProfile) -> DataFrame:
        """A streaming frame: every contract column as string, `_rescued_data` and `_source_file`.

        `_rescued_data` is JSON of whatever did not fit: unknown fields by name, or the whole line as
        `_corrupt_record`; NULL if everything did.
        """


def raw_glob(raw_path: str, source: SourceProfile, entity: str) -> str:
    """The parts of a source. Manifests and staging start with `_`, which Spark's file listing passes over."""
    return f"{raw_path}/{source.name}/{entity}/batch=*/part-*.{source.raw_format.value}"

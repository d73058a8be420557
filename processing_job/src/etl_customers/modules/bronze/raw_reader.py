"""Port: how raw files become a stream of bronze rows. Two adapters: Auto Loader, and Spark's own file stream."""

from __future__ import annotations

from typing import Protocol

from customer_contract import RawFormat, SourceProfile
from pyspark.sql import DataFrame

#: Field of `_rescued_data` that holds a line which could not be parsed at all.
CORRUPT_RECORD = "_corrupt_record"
#: Field in which a service delivers what the contract does not know.
EXTRA_FIELD = "_extra"
_NULL = "\0"  # no text of a database holds it


class RawReader(Protocol):
    """Reads the parts of one source that have not been read before."""

    def stream(self, source: SourceProfile, raw_format: RawFormat) -> DataFrame:
        """A streaming frame of the parts in that format.

        Its columns: every contract column as string, `_rescued_data` and `_source_file`.

        `_rescued_data` is JSON of whatever did not fit: unknown fields by name, or the whole line as
        `_corrupt_record`; NULL if everything did.
        """


def csv_options(source: SourceProfile) -> dict[str, str]:
    """How Spark reads canonical CSV of that source.

    Files from outside do not tell an empty field from a missing one: both are NULL. A source whose usual format is
    another has NULLs of its own; its service leaves them bare and quotes an empty text. Spark tells these apart only if
    its word for NULL is not the empty text itself.
    """
    options = {"header": "true", "multiLine": "true", "quote": '"', "escape": '"'}
    return options if source.raw_format is RawFormat.CSV else {**options, "nullValue": _NULL}


def raw_glob(raw_path: str, source: SourceProfile, raw_format: RawFormat, entity: str) -> str:
    """The parts of a source in that format. Manifests and staging start with `_`: Spark's listing passes over them."""
    return f"{raw_path}/{source.name}/{entity}/batch=*/part-*.{raw_format.value}"


def stream_name(source: SourceProfile, raw_format: RawFormat) -> str:
    """What a stream's own files are called: the source, and the format if it is not the source's usual one."""
    return source.name if raw_format is source.raw_format else f"{source.name}-{raw_format.value}"

"""Port: how raw files become a stream of bronze rows. Two adapters: Auto Loader, and Spark's own file stream.

What both must do alike to a frame is done here, by one piece of code.
"""

from __future__ import annotations

from typing import Protocol

from customer_contract import Contract, RawFormat, SourceProfile
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from etl_customers.modules.bronze.raw_parts import RawParts

#: Field of `_rescued_data` that holds a line which could not be parsed at all.
CORRUPT_RECORD = "_corrupt_record"
RESCUED = "_rescued_data"
_MAP = "map<string,string>"
_NULL = "\0"  # no text of a database holds it


class RawReader(Protocol):
    """Reads parts that have not been read before."""

    def stream(self, parts: RawParts) -> DataFrame:
        """A streaming frame of their records.

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


def text_schema(names: tuple[str, ...]) -> StructType:
    """These columns as text, and one for a line that cannot be parsed."""
    return StructType([StructField(name, StringType()) for name in (*names, CORRUPT_RECORD)])


def csv_rows(frame: DataFrame, columns: tuple[str, ...], contract: Contract, also: Column | None = None) -> DataFrame:
    """Canonical CSV as Spark parsed it -> bronze's columns.

    Args:
        frame: the header's `columns` as text, `_corrupt_record`, and `_source_file`.
        columns: the header; a column of it that the contract does not know is rescued, one that it lacks is NULL.
        also: map<string,string> of what the reader itself has rescued.
    """
    pairs = [part for name in columns if name not in contract.column_names for part in (F.lit(name), F.col(name))]
    unknown = F.create_map(*pairs) if pairs else F.create_map().cast(_MAP)
    unknown = unknown if also is None else F.map_concat(unknown, F.coalesce(also, F.create_map().cast(_MAP)))
    rescued = F.coalesce(corrupt(F.col(CORRUPT_RECORD)), unknown_fields(unknown, contract.column_names))
    known = [name if name in columns else F.lit(None).cast("string").alias(name) for name in contract.column_names]
    return frame.select(*known, rescued.alias(RESCUED), "_source_file")


def corrupt(line: Column) -> Column:
    """`_rescued_data` of a line that could not be parsed; NULL of NULL."""
    return F.when(line.isNotNull(), F.to_json(F.create_map(F.lit(CORRUPT_RECORD), line)))


def unknown_fields(fields: Column, known: tuple[str, ...]) -> Column:
    """`_rescued_data` of a record's fields (map<string,string>): those that are not known and not NULL, or NULL."""
    unknown = F.map_filter(fields, lambda name, value: ~name.isin(*known) & value.isNotNull())
    return F.when(F.size(unknown) > 0, F.to_json(unknown))

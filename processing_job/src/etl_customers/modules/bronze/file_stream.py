"""`RawReader` by Spark's own file stream: the local twin of Auto Loader.

The open-source readers drop unknown fields, so rescue is built here: JSON lines are read as text and parsed into a map.
"""

from __future__ import annotations

from customer_contract import Contract, RawFormat
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.readwriter import DataStreamReader

from etl_customers.modules.bronze.json_text import as_written, has_one_object, parsed
from etl_customers.modules.bronze.raw_parts import RawParts
from etl_customers.modules.bronze.raw_reader import (
    CORRUPT_RECORD,
    RESCUED,
    corrupt,
    csv_options,
    csv_rows,
    text_schema,
    unknown_fields,
)

#: Spark else ignores a file that is a week older than the newest it has seen: a batch copied with its times, or each
#: one after a batch that was written while the clock was ahead.
_ANY_AGE = "36500d"


class FileStreamReader:
    """Lists the raw directory and remembers in its checkpoint what it has seen."""

    def __init__(self, spark: SparkSession, raw_path: str, contract: Contract, max_files: int) -> None:
        self._spark = spark
        self._raw_path = raw_path
        self._contract = contract
        self._max_files = max_files

    def stream(self, parts: RawParts) -> DataFrame:
        """See `RawReader`."""
        reader = self._spark.readStream.options(maxFilesPerTrigger=self._max_files, maxFileAge=_ANY_AGE)
        path = parts.glob(self._raw_path, self._contract.name)
        if parts.format is RawFormat.JSON_LINES:
            frame = reader.format("text").option("lineSep", "\n").load(path)
            return json_rows(_with_path(frame), self._contract)
        return csv_rows(_with_path(_csv(reader, parts).load(path)), parts.columns, self._contract)


def json_rows(lines: DataFrame, contract: Contract) -> DataFrame:
    """JSON lines -> bronze's columns. `lines`: `value` and `_source_file`; blank lines are no records."""
    frame = lines.where(F.trim("value") != "")
    frame = frame.withColumn("fields", F.when(has_one_object(F.col("value")), parsed(F.col("value"))))
    written = as_written(F.col("value"), F.col("fields"), contract.column_names)
    frame = frame.select("value", written.alias("fields"), "_source_file")
    broken = F.when(F.col("fields").isNull(), corrupt(F.col("value")))
    rescued = F.coalesce(broken, unknown_fields(F.col("fields"), contract.column_names))
    columns = [F.col("fields")[name].alias(name) for name in contract.column_names]
    return frame.select(*columns, rescued.alias(RESCUED), "_source_file")


def _csv(reader: DataStreamReader, parts: RawParts) -> DataStreamReader:
    return (
        reader.format("csv")
        .schema(text_schema(parts.columns))
        .options(
            **csv_options(parts.source),
            enforceSchema=False,  # a header that differs from what the manifest says fails loudly
            mode="PERMISSIVE",
            columnNameOfCorruptRecord=CORRUPT_RECORD,
            maxColumns=len(parts.columns) + 2,
            maxCharsPerColumn=-1,
        )
    )


def _with_path(frame: DataFrame) -> DataFrame:
    return frame.withColumn("_source_file", F.col("_metadata.file_path"))

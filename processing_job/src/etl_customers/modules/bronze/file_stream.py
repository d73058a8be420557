"""`RawReader` by Spark's own file stream: the local twin of Auto Loader.

The open-source readers drop unknown fields, so rescue is built here: JSON lines are read as text and parsed into a map.
"""

from __future__ import annotations

from customer_contract import Contract, RawFormat, SourceProfile
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from etl_customers.modules.bronze.raw_reader import CORRUPT_RECORD, EXTRA_FIELD, csv_options, raw_glob


class FileStreamReader:
    """Lists the raw directory and remembers in its checkpoint what it has seen."""

    def __init__(self, spark: SparkSession, raw_path: str, contract: Contract, max_files: int) -> None:
        self._spark = spark
        self._raw_path = raw_path
        self._contract = contract
        self._max_files = max_files

    def stream(self, source: SourceProfile, raw_format: RawFormat) -> DataFrame:
        """See `RawReader`."""
        path = raw_glob(self._raw_path, source, raw_format, self._contract.name)
        frame = self._json(path) if raw_format is RawFormat.JSON_LINES else self._csv(path, csv_options(source))
        columns = [F.col(name) for name in self._contract.column_names]
        return frame.select(*columns, "_rescued_data", "_source_file")

    def _json(self, path: str) -> DataFrame:
        lines = self._spark.readStream.format("text").option("lineSep", "\n")
        frame = lines.option("maxFilesPerTrigger", self._max_files).load(path)
        whole = F.rtrim(F.col("value")).endswith("}")  # from_json takes `{...} rubbish` for an object
        fields = F.when(whole, F.from_json("value", "map<string,string>"))
        frame = frame.select("value", fields.alias("fields"), F.col("_metadata.file_path").alias("_source_file"))
        known = [F.lit(name) for name in self._contract.column_names]
        unknown = F.map_filter("fields", lambda name, value: ~name.isin(*known) & value.isNotNull())
        rescued = F.when(F.col("fields").isNull(), _corrupt(F.col("value"))).when(
            F.size(unknown) > 0, F.to_json(unknown)
        )
        columns = [F.col("fields").getItem(name).alias(name) for name in self._contract.column_names]
        return frame.select(*columns, rescued.alias("_rescued_data"), "_source_file")

    def _csv(self, path: str, options: dict[str, str]) -> DataFrame:
        names = [*self._contract.column_names, EXTRA_FIELD, CORRUPT_RECORD]
        schema = StructType([StructField(name, StringType()) for name in names])
        reader = (
            self._spark.readStream.format("csv")
            .schema(schema)
            .options(
                **options,
                enforceSchema=False,  # a header that differs from the contract fails loudly
                mode="PERMISSIVE",
                columnNameOfCorruptRecord=CORRUPT_RECORD,
                maxColumns=len(names) + 1,
                maxCharsPerColumn=-1,
            )
        )
        frame = reader.option("maxFilesPerTrigger", self._max_files).load(path)
        extra = F.to_json(F.create_map(F.lit(EXTRA_FIELD), F.col(EXTRA_FIELD)))
        rescued = F.when(F.col(CORRUPT_RECORD).isNotNull(), _corrupt(F.col(CORRUPT_RECORD))).when(
            F.col(EXTRA_FIELD).isNotNull(), extra
        )
        return frame.select(
            *self._contract.column_names,
            rescued.alias("_rescued_data"),
            F.col("_metadata.file_path").alias("_source_file"),
        )


def _corrupt(line: Column) -> Column:
    return F.to_json(F.create_map(F.lit(CORRUPT_RECORD), line))

"""`RawReader` by Databricks Auto Loader. Written from its documentation, never run on Databricks by this project.

Source: https://learn.microsoft.com/azure/databricks/ingestion/cloud-object-storage/auto-loader/options
"""

from __future__ import annotations

from customer_contract import Contract, RawFormat, SourceProfile
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from etl_customers.modules.bronze.raw_reader import CORRUPT_RECORD, EXTRA_FIELD, csv_options, raw_glob, stream_name

RESCUED = "_rescued_data"


class AutoLoaderReader:
    """Directory listing, explicit schema, rescue of whatever does not fit."""

    def __init__(
        self, spark: SparkSession, raw_path: str, contract: Contract, max_files: int, schema_path: str
    ) -> None:
        self._spark = spark
        self._raw_path = raw_path
        self._contract = contract
        self._max_files = max_files
        self._schema_path = schema_path

    def stream(self, source: SourceProfile, raw_format: RawFormat) -> DataFrame:
        """See `RawReader`."""
        # The path of the file has a column of its own, so the rescued JSON need not repeat it.
        self._spark.conf.set("spark.databricks.sql.rescuedDataColumn.filePath.enabled", "false")
        reader = self._spark.readStream.format("cloudFiles").options(**self.options(source, raw_format))
        path = raw_glob(self._raw_path, source, raw_format, self._contract.name)
        frame = reader.schema(self.schema(raw_format)).load(path)
        corrupt = F.to_json(F.create_map(F.lit(CORRUPT_RECORD), F.col(CORRUPT_RECORD)))
        rescued = F.when(F.col(CORRUPT_RECORD).isNotNull(), corrupt)
        if raw_format is RawFormat.CSV:
            extra = F.to_json(F.create_map(F.lit(EXTRA_FIELD), F.col(EXTRA_FIELD)))
            rescued = rescued.when(F.col(EXTRA_FIELD).isNotNull(), extra)
        return frame.select(
            *self._contract.column_names,
            F.coalesce(rescued, F.col(RESCUED)).alias(RESCUED),
            F.col("_metadata.file_path").alias("_source_file"),
        )

    def options(self, source: SourceProfile, raw_format: RawFormat) -> dict[str, str]:
        """The options of the stream."""
        options = {
            "cloudFiles.format": "json" if raw_format is RawFormat.JSON_LINES else "csv",
            "cloudFiles.schemaLocation": f"{self._schema_path}/{stream_name(source, raw_format)}",
            "cloudFiles.useNotifications": "false",
            "cloudFiles.allowOverwrites": "false",
            "cloudFiles.inferColumnTypes": "false",
            "cloudFiles.maxFilesPerTrigger": str(self._max_files),
            "rescuedDataColumn": RESCUED,
            "columnNameOfCorruptRecord": CORRUPT_RECORD,
            "mode": "PERMISSIVE",
        }
        return options | csv_options(source) if raw_format is RawFormat.CSV else options

    def schema(self, raw_format: RawFormat) -> StructType:
        """The contract's columns as text; Auto Loader adds the rescue column itself."""
        extra = [EXTRA_FIELD] if raw_format is RawFormat.CSV else []
        names = [*self._contract.column_names, *extra, CORRUPT_RECORD]
        return StructType([StructField(name, StringType()) for name in names])

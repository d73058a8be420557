"""`RawReader` by Databricks Auto Loader. Written from its documentation, never run on Databricks by this project.

Sources: https://learn.microsoft.com/azure/databricks/ingestion/cloud-object-storage/auto-loader/options,
.../auto-loader/schema ("How does Auto Loader schema evolution work?", "What is the rescued data column?"),
.../auto-loader/patterns ("Filtering directories or files using glob patterns").
"""

from __future__ import annotations

from customer_contract import Contract, RawFormat
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from etl_customers.modules.bronze.json_text import JSON_OPTIONS, parsed
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

_PATH_IN_RESCUED = "_file_path"


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

    def stream(self, parts: RawParts) -> DataFrame:
        """See `RawReader`."""
        # The path of the file has a column of its own, so the rescued JSON need not repeat it.
        self._spark.conf.set("spark.databricks.sql.rescuedDataColumn.filePath.enabled", "false")
        reader = self._spark.readStream.format("cloudFiles").options(**self.options(parts))
        columns = parts.columns or self._contract.column_names
        frame = reader.schema(text_schema(columns)).load(parts.glob(self._raw_path, self._contract.name))
        return bronze_rows(frame.withColumn("_source_file", F.col("_metadata.file_path")), parts, self._contract)

    def options(self, parts: RawParts) -> dict[str, str]:
        """The options of the stream."""
        options = {
            "cloudFiles.format": "json" if parts.format is RawFormat.JSON_LINES else "csv",
            "cloudFiles.schemaLocation": f"{self._schema_path}/{parts.name}",
            # `addNewColumns`, the default without a schema, is not allowed with one: the contract's schema is the
            # schema, and what it does not know is rescued.
            "cloudFiles.schemaEvolutionMode": "none",
            "cloudFiles.useNotifications": "false",
            "cloudFiles.allowOverwrites": "false",
            "cloudFiles.inferColumnTypes": "false",
            "cloudFiles.maxFilesPerTrigger": str(self._max_files),
            "rescuedDataColumn": RESCUED,
            "columnNameOfCorruptRecord": CORRUPT_RECORD,
            "mode": "PERMISSIVE",
        }
        return options | (csv_options(parts.source) if parts.format is RawFormat.CSV else JSON_OPTIONS)


def bronze_rows(frame: DataFrame, parts: RawParts, contract: Contract) -> DataFrame:
    """What Auto Loader yields -> bronze's columns.

    Args:
        frame: the columns of the schema as text, `_corrupt_record`, `_rescued_data` as Auto Loader writes it, and
            `_source_file`.
    """
    # Its JSON may have the file's path in it, and values of any type; read as texts and written again it has the form
    # that the other adapter writes.
    fields = F.map_filter(parsed(F.col(RESCUED)), lambda name, _: name != _PATH_IN_RESCUED)
    if parts.format is RawFormat.CSV:
        return csv_rows(frame, parts.columns, contract, fields)
    line = corrupt(F.col(CORRUPT_RECORD))
    rescued = F.coalesce(line, unknown_fields(fields, contract.column_names))
    return frame.select(*contract.column_names, rescued.alias(RESCUED), "_source_file")

"""The bronze table: every contract column as text, and where each row came from."""

from __future__ import annotations

from customer_contract import Contract
from pyspark.sql import SparkSession
from pyspark.sql.types import StringType, StructField, StructType, TimestampType

from etl_customers.utils.address import Place
from etl_customers.utils.lake_table import LakeTable

NAME = "bronze.customers"
#: Spark regex over a raw file's path; groups: source, batch key.
BATCH_ID_PATTERN = r"^.*/([^/]+)/[^/]+/batch=([^/]+)/[^/]+$"

_METADATA = {
    "_source": "The source system",
    "_batch_id": "Source and key of the raw batch",
    "_source_file": "The raw file",
    "_run_id": "The run of this job that read it",
    "_row_hash": "Keyed hash of all columns as received",
    "_rescued_data": "JSON of whatever did not fit the contract",
}
_STATS = ("_source", "_batch_id", "_source_file", "_ingested_at", "_run_id")


def bronze_table(spark: SparkSession, bronze: Place, contract: Contract) -> LakeTable:
    """`bronze.customers`."""
    fields = [StructField(c.name, StringType(), True, {"comment": c.description}) for c in contract.columns]
    fields += [StructField(name, StringType(), True, {"comment": text}) for name, text in _METADATA.items()]
    fields += [StructField("_ingested_at", TimestampType(), True, {"comment": "When bronze received it"})]
    table = bronze.table(contract.name)
    return LakeTable(spark, table, NAME, StructType(fields), _STATS)

"""Stores by the contract's reference list: a small frame to be broadcast."""

from __future__ import annotations

from customer_contract import ColumnFormat, Contract
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from etl_customers.modules.silver.columns import STORE_ID, STORE_STATE, normalised
from etl_customers.modules.silver.text import match_key


def with_store(frame: DataFrame, spark: SparkSession, contract: Contract) -> DataFrame:
    """`frame` with `store_id`, `store_state` and `_store_name` of the store that the row names; NULL if unknown."""
    (name,) = [column.name for column in contract.columns if column.format is ColumnFormat.STORE]
    rows = [(key, store.id, store.state, store.name) for key, store in contract.store_aliases().items()]
    schema = f"_store_key string, {STORE_ID} string, {STORE_STATE} string, _store_name string"
    reference = F.broadcast(spark.createDataFrame(rows, schema))
    keyed = frame.withColumn("_row_store_key", match_key(normalised(name)))
    joined = keyed.join(reference, F.col("_row_store_key") == F.col("_store_key"), "left")
    return joined.drop("_row_store_key", "_store_key")

"""Stores by the contract's reference list: a small frame to be broadcast."""

from __future__ import annotations

from customer_contract import Contract
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from etl_customers.modules.silver.columns import STORE_ID, STORE_KEY, STORE_STATE


def with_store(frame: DataFrame, spark: SparkSession, contract: Contract) -> DataFrame:
    """`frame`, which has the row's STORE_KEY, with `store_id`, `store_state` and `_store_name`; NULL if unknown."""
    rows = [(key, store.id, store.state, store.name) for key, store in contract.store_aliases().items()]
    schema = f"{STORE_KEY} string, {STORE_ID} string, {STORE_STATE} string, _store_name string"
    return frame.join(F.broadcast(spark.createDataFrame(rows, schema)), STORE_KEY, "left")

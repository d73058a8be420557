"""`python -m benchmarks.lakehouse_same OURS OTHER`: do two lakes hold the same gold? Prints what differs as JSON.

OURS is a folder with `silver` and `gold`; OTHER one with a table or a Parquet file of each name side by side.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from etl_customers.config.session import local_session
from pyspark.sql import DataFrame, SparkSession

_TABLES = {
    "store_monthly_metrics": ("store_id", "month", "currency", "total_purchases", "total_revenue", "customers"),
    "customers_per_store": ("store_id", "month", "customers", "purchases"),
    "customer_360": ("cpf_token", "purchases", "stores", "first_purchase", "last_purchase", "total_revenue_brl"),
    "customers": ("cpf_token", "cpf", "email", "credit_card_number", "purchases"),
}


def main() -> None:
    """Entry point."""
    ours, other = map(Path, sys.argv[1:])
    spark = local_session()
    differ, rows = {}, {}
    for name, columns in _TABLES.items():
        mine = spark.read.format("delta").load(str(ours / ("silver" if name == "customers" else "gold") / name))
        theirs = _read(spark, other, name)
        left, right = mine.select(*columns), theirs.select(*columns)
        differ[name] = left.exceptAll(right).count() + right.exceptAll(left).count()
        rows[name] = left.count()
    print(json.dumps({"differ": differ, "rows": rows}))
    spark.stop()


def _read(spark: SparkSession, other: Path, name: str) -> DataFrame:
    parquet = other / f"{name}.parquet"
    return spark.read.parquet(str(parquet)) if parquet.exists() else spark.read.format("delta").load(str(other / name))


if __name__ == "__main__":
    main()

"""The gold tables by store and month. A purchase without a store or a date has NULL there, so that sums reconcile."""

from __future__ import annotations

from customer_contract import Contract
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DateType, DecimalType, LongType, StringType, StructField, StructType

from etl_customers.utils.address import Place
from etl_customers.utils.groups import GroupedTable
from etl_customers.utils.lake_table import LakeTable

#: Of silver.purchases.
DAY = "purchase_date"
#: Of the tables here.
MONTH = "month"
_STORE = (
    ("store_id", StringType(), "Store, by the reference list"),
    (MONTH, DateType(), "First day of the month of purchase"),
)
_STORE_NAMES = (
    ("store_location", StringType(), "The store's name"),
    ("store_state", StringType(), "State (UF)"),
)


def store_monthly_metrics(spark: SparkSession, gold: Place, contract: Contract) -> GroupedTable:
    """`gold.store_monthly_metrics`: purchases and revenue by store, month and currency."""
    columns = (
        *_STORE,
        ("currency", StringType(), "ISO 4217 code; currencies are never added up"),
        *_STORE_NAMES,
        ("total_purchases", LongType(), "Purchases"),
        ("total_revenue", DecimalType(28, 2), "Sum of the amounts"),
        ("average_ticket", DecimalType(18, 2), "Revenue by purchase with an amount"),
        ("high_value_purchases", LongType(), f"Purchases of {contract.high_value_purchase} and more"),
        ("customers", LongType(), "Different customers"),
    )

    def aggregate(rows: DataFrame) -> DataFrame:
        return rows.groupBy("store_id", MONTH, "currency").agg(
            *_names(),
            F.count("*").alias("total_purchases"),
            F.coalesce(F.sum("total_amount"), F.lit(0)).cast("decimal(28,2)").alias("total_revenue"),
            F.avg("total_amount").cast("decimal(18,2)").alias("average_ticket"),
            F.count_if(F.col("total_amount") >= F.lit(contract.high_value_purchase)).alias("high_value_purchases"),
            F.count_distinct("cpf_token").alias("customers"),
        )

    table = _table(spark, gold, "store_monthly_metrics", columns)
    rules = f"high_value={contract.high_value_purchase}"
    return GroupedTable(table, ("store_id", MONTH, "currency"), aggregate, _with_month, rules, months_of=DAY)


def customers_per_store(spark: SparkSession, gold: Place) -> GroupedTable:
    """`gold.customers_per_store`: how many customers bought at a store in a month, over all currencies."""
    columns = (
        *_STORE,
        *_STORE_NAMES,
        ("customers", LongType(), "Different customers"),
        ("purchases", LongType(), "Purchases"),
    )

    def aggregate(rows: DataFrame) -> DataFrame:
        return rows.groupBy("store_id", MONTH).agg(
            *_names(), F.count_distinct("cpf_token").alias("customers"), F.count("*").alias("purchases")
        )

    table = _table(spark, gold, "customers_per_store", columns)
    return GroupedTable(table, ("store_id", MONTH), aggregate, _with_month, months_of=DAY)


def _with_month(purchases: DataFrame) -> DataFrame:
    return purchases.withColumn(MONTH, F.trunc(DAY, "month"))


def _names() -> list[Column]:
    return [F.max("store_location").alias("store_location"), F.max("store_state").alias("store_state")]


def _table(spark: SparkSession, gold: Place, name: str, columns: tuple[tuple, ...]) -> LakeTable:  # type: ignore
    fields = [StructField(column, kind, True, {"comment": comment}) for column, kind, comment in columns]
    stats = tuple(column for column, _, _ in columns)
    return LakeTable(spark, gold.table(name), f"gold.{name}", StructType(fields), stats)

"""silver.customers: one golden record a person over all sources, by `cpf_token`.

Survivorship by field: the value of the newest purchase that has one; at the same instant the source trusted most.
"""

from __future__ import annotations

from customer_contract import Contract, PersonalData, Subject
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, LongType, StringType, StructField, StructType, TimestampType

from etl_customers.modules.silver.columns import silver_type
from etl_customers.utils.groups import GroupedTable
from etl_customers.utils.lake_table import LakeTable

NAME = "silver.customers"
KEYS = ("cpf_token",)
_OWN = (
    ("token_key_id", StringType(), "Which key made the token"),
    ("sources", ArrayType(StringType()), "Sources that know the customer"),
    ("purchases", LongType(), "Purchases on record"),
    ("first_event_at", TimestampType(), "Oldest version on record"),
    ("last_event_at", TimestampType(), "Newest version on record"),
)


def customers(spark: SparkSession, silver_path: str, contract: Contract) -> GroupedTable:
    """`silver.customers` and how it is made."""
    about = [column for column in contract.columns if column.subject is Subject.CUSTOMER]
    token = StructField("cpf_token", StringType(), True, {"comment": "HMAC-SHA256 of the CPF: the key for joins"})
    fields = [StructField(c.name, silver_type(c), True, {"comment": c.description}) for c in about]
    fields += [StructField(name, kind, True, {"comment": comment}) for name, kind, comment in _OWN]
    safe = [c.name for c in about if c.personal_data is PersonalData.NONE]
    stats = ("cpf_token", "first_event_at", "last_event_at", *safe)
    table = LakeTable(spark, f"{silver_path}/customers", NAME, StructType([token, *fields]), stats)
    names = [column.name for column in about]
    return GroupedTable(table, KEYS, lambda purchases: _golden(purchases, names))


def _golden(purchases: DataFrame, names: list[str]) -> DataFrame:
    newest = F.struct("_event_at", -F.col("_priority"), "_content_hash")
    survivors = [F.max_by(name, F.when(F.col(name).isNotNull(), newest)).alias(name) for name in names]
    return purchases.groupBy(*KEYS).agg(
        *survivors,
        F.max_by("token_key_id", newest).alias("token_key_id"),
        F.array_sort(F.collect_set("_source")).alias("sources"),
        F.count("*").alias("purchases"),
        F.min("_event_at").alias("first_event_at"),
        F.max("_event_at").alias("last_event_at"),
    )

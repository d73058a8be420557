"""silver.customers: one golden record a person over all sources, by `cpf_token`.

Survivorship by field, as the contract declares; `lineage` says of each field which source gave it, when, by which rule.
"""

from __future__ import annotations

from customer_contract import Column as ContractColumn
from customer_contract import Contract, PersonalData, Survivorship
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, LongType, StringType, StructField, StructType, TimestampType

from etl_customers.modules.silver.columns import silver_type
from etl_customers.modules.silver.purchases import meaning
from etl_customers.utils.address import Place
from etl_customers.utils.groups import GroupedTable
from etl_customers.utils.lake_table import LakeTable

NAME = "silver.customers"
KEYS = ("cpf_token",)
LINEAGE = "lineage"
_ORIGIN = StructType(
    [
        StructField("source", StringType(), True, {"comment": "The source that gave the value"}),
        StructField("event_at", TimestampType(), True, {"comment": "When that version came to be at the source"}),
        StructField("rule", StringType(), True, {"comment": "The contract's survivorship rule that chose it"}),
    ]
)
_OWN = (
    ("token_key_id", StringType(), "Which key made the token"),
    ("sources", ArrayType(StringType()), "Sources that know the customer"),
    ("purchases", LongType(), "Purchases on record"),
    ("first_event_at", TimestampType(), "Oldest version on record"),
    ("last_event_at", TimestampType(), "Newest version on record"),
)


def customers(spark: SparkSession, silver: Place, contract: Contract) -> GroupedTable:
    """`silver.customers` and how it is made."""
    about = [column for column, _ in contract.golden_columns]
    says = {column.name: f"{meaning(column)} Survivorship: {rule}." for column, rule in contract.golden_columns}
    token = StructField("cpf_token", StringType(), True, {"comment": "HMAC-SHA256 of the CPF: the key for joins"})
    fields = [StructField(c.name, silver_type(c), True, {"comment": says[c.name]}) for c in about]
    fields += [StructField(name, kind, True, {"comment": comment}) for name, kind, comment in _OWN]
    fields.append(_lineage_field(about))
    safe = [c.name for c in about if c.personal_data is PersonalData.NONE]
    stats = ("cpf_token", "first_event_at", "last_event_at", *safe)
    table = LakeTable(spark, silver.table("customers"), NAME, StructType([token, *fields]), stats, KEYS)
    rules = " ".join(f"{column.name}={rule}" for column, rule in contract.golden_columns)
    return GroupedTable(table, KEYS, lambda purchases: _golden(purchases, contract), rules=rules)


def order_of(rule: Survivorship) -> Column:
    """What is greatest in the purchase whose value survives; no two purchases of one person are equal in it."""
    newest, trusted = F.unix_micros("_event_at"), -F.col("_priority")
    first = {
        Survivorship.NEWEST: (newest, trusted),
        Survivorship.OLDEST: (-newest, trusted),
        Survivorship.MOST_TRUSTED: (trusted, newest),
    }[rule]
    return F.struct(*first, F.col("_content_hash"), F.col("purchase_key"))


def _lineage_field(about: list[ContractColumn]) -> StructField:
    origins = [StructField(c.name, _ORIGIN, True, {"comment": f"Where {c.name} is from"}) for c in about]
    comment = "Source, event time and rule of each golden field; NULL for a field that nobody knows"
    return StructField(LINEAGE, StructType(origins), True, {"comment": comment})


def _golden(purchases: DataFrame, contract: Contract) -> DataFrame:
    survivors = [_survivor(column.name, rule) for column, rule in contract.golden_columns]
    grouped = purchases.groupBy(*KEYS).agg(
        *survivors,
        F.max_by("token_key_id", order_of(Survivorship.NEWEST)).alias("token_key_id"),
        F.array_sort(F.collect_set("_source")).alias("sources"),
        F.count("*").alias("purchases"),
        F.min("_event_at").alias("first_event_at"),
        F.max("_event_at").alias("last_event_at"),
    )
    values = [F.col(f"_{column.name}.value").alias(column.name) for column, _ in contract.golden_columns]
    lineage = F.struct(*(_origin(column.name, rule) for column, rule in contract.golden_columns)).alias(LINEAGE)
    return grouped.select(*KEYS, *values, *(name for name, _, _ in _OWN), lineage)


def _survivor(name: str, rule: Survivorship) -> Column:
    """The surviving value with its origin, in one aggregate: `_<name>` struct<value, source, event_at>."""
    known = F.struct(F.col(name).alias("value"), F.col("_source").alias("source"), F.col("_event_at").alias("event_at"))
    return F.max_by(known, F.when(F.col(name).isNotNull(), order_of(rule))).alias(f"_{name}")


def _origin(name: str, rule: Survivorship) -> Column:
    found = F.col(f"_{name}")
    origin = F.struct(found["source"].alias("source"), found["event_at"].alias("event_at"), F.lit(rule).alias("rule"))
    return F.when(found.isNotNull(), origin).alias(name)

"""silver.customers: one golden record a person over all sources, by `cpf_token`; none of purchases without a CPF.

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
from etl_customers.utils.staging import Staging

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
    table = LakeTable(
        spark, silver.table("customers"), NAME, StructType([token, *fields]), stats, KEYS, deletion_vectors=True
    )
    rules = " ".join(f"{column.name}={rule}" for column, rule in contract.golden_columns) + " ties=value"
    staging = Staging(spark, silver.table("_stage_customers"), "silver._stage_customers")
    return GroupedTable(table, KEYS, lambda purchases: _golden(purchases, contract), rules=rules, staging=staging)


def _order(rule: Survivorship) -> tuple[Column, Column]:
    """What is greatest in the purchase whose value survives. Where it is equal, so is the source, and the greatest
    value survives: a hash of the purchase would decide as well, but is dear to read.
    """
    newest, trusted = F.unix_micros("_event_at"), -F.col("_priority")
    return {
        Survivorship.NEWEST: (newest, trusted),
        Survivorship.OLDEST: (-newest, trusted),
        Survivorship.MOST_TRUSTED: (trusted, newest),
    }[rule]


def _lineage_field(about: list[ContractColumn]) -> StructField:
    origins = [StructField(c.name, _ORIGIN, True, {"comment": f"Where {c.name} is from"}) for c in about]
    comment = "Source, event time and rule of each golden field; NULL for a field that nobody knows"
    return StructField(LINEAGE, StructType(origins), True, {"comment": comment})


def _golden(purchases: DataFrame, contract: Contract) -> DataFrame:
    survivors = [_survivor(column.name, rule) for column, rule in contract.golden_columns]
    # Where the contract does not ask for a CPF, purchases without one are of nobody knows how many people.
    known = purchases.where(F.col("cpf_token").isNotNull())
    grouped = known.groupBy(*KEYS).agg(
        *survivors,
        _survivor("token_key_id", Survivorship.NEWEST),
        F.array_sort(F.collect_set("_source")).alias("sources"),
        F.count("*").alias("purchases"),
        F.min("_event_at").alias("first_event_at"),
        F.max("_event_at").alias("last_event_at"),
    )
    values = [F.col(f"_{column.name}.value").alias(column.name) for column, _ in contract.golden_columns]
    lineage = F.struct(*(_origin(column.name, rule) for column, rule in contract.golden_columns)).alias(LINEAGE)
    own = {name: F.col(name) for name, _, _ in _OWN} | {"token_key_id": F.col("_token_key_id.value")}
    return grouped.select(*KEYS, *values, *(value.alias(name) for name, value in own.items()), lineage)


def _survivor(name: str, rule: Survivorship) -> Column:
    """The surviving value with its origin, in one aggregate: `_<name>`, with the fields value, source and event_at."""
    origin = (F.col("_source").alias("source"), F.col("_event_at").alias("event_at"))
    known = F.struct(*_order(rule), F.col(name).alias("value"), *origin)
    return F.max(F.when(F.col(name).isNotNull(), known)).alias(f"_{name}")


def _origin(name: str, rule: Survivorship) -> Column:
    found = F.col(f"_{name}")
    origin = F.struct(found["source"].alias("source"), found["event_at"].alias("event_at"), F.lit(rule).alias("rule"))
    return F.when(found.isNotNull(), origin).alias(name)

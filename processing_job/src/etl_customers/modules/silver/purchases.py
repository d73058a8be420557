"""silver.purchases: one row a purchase, its newest version, masked."""

from __future__ import annotations

from customer_contract import Column as ContractColumn
from customer_contract import ColumnFormat, Contract, PersonalData
from pyspark.sql import SparkSession
from pyspark.sql.types import DateType, IntegerType, StringType, StructField, StructType, TimestampType

from etl_customers.modules.silver.columns import CURRENCY, STORE_ID, STORE_STATE, silver_type
from etl_customers.modules.silver.currency_marks import CurrencyMarks
from etl_customers.modules.silver.source_marks import SourceMarks
from etl_customers.utils.address import Place
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.schema_change import Mark

NAME = "silver.purchases"
KEY = "purchase_key"

_DERIVED = {
    ColumnFormat.MONEY: ((CURRENCY, "ISO 4217 code, from the symbol or else the source's default"),),
    ColumnFormat.STORE: ((STORE_ID, "Id in the reference list"), (STORE_STATE, "State (UF) of the store")),
}
_OWN = (
    (KEY, StringType(), "Identity of the purchase over all sources"),
    ("cpf_token", StringType(), "HMAC-SHA256 of the CPF: the key for joins"),
    ("token_key_id", StringType(), "Which key made the token"),
    ("_event_at", TimestampType(), "When this version came to be at its source; the newest wins"),
    ("_content_hash", StringType(), "Keyed hash of the version's content"),
    ("_priority", IntegerType(), "Trust in the source; 1 is the most trusted"),
    ("_source", StringType(), "Source of this version"),
    ("_batch_id", StringType(), "Raw batch of this version"),
    ("_source_file", StringType(), "Raw file of this version"),
    ("_row_hash", StringType(), "Points back at the row in bronze"),
    ("_ingested_at", TimestampType(), "When bronze received it"),
)
_STATS_OWN = (KEY, "_event_at", "_source", "_batch_id", "_ingested_at")


def meaning(column: ContractColumn) -> str:
    """The comment of the column in silver: what it is, and how it is masked."""
    return f"{column.description} Masked: {column.mask}." if column.sensitive else column.description


def purchases_table(spark: SparkSession, silver: Place, contract: Contract, key_mark: Mark) -> LakeTable:
    """`silver.purchases`; `key_mark`: of the key that its tokens are made with."""
    fields, stats = [], list(_STATS_OWN)
    for column in contract.columns:
        fields.append(StructField(column.name, silver_type(column), True, {"comment": meaning(column)}))
        for name, comment in _DERIVED.get(column.format, ()):
            fields.append(StructField(name, StringType(), True, {"comment": comment}))
            stats.append(name)
        if column.personal_data is PersonalData.NONE:
            stats.append(column.name)
    fields += [StructField(name, kind, True, {"comment": comment}) for name, kind, comment in _OWN]
    days = [c.name for c in contract.columns if c.format is ColumnFormat.DATE and c.name in stats]
    return LakeTable(
        spark,
        silver.table("purchases"),
        NAME,
        StructType(fields),
        tuple(stats),
        cluster_by=tuple(days[:1]),
        columns=contract.columns,
        marks=(key_mark, SourceMarks(contract.sources), CurrencyMarks(contract.currencies)),
        deletion_vectors=True,
    )


def day_column(table: LakeTable) -> str | None:
    """The column of days by which the table is clustered, if it is."""
    return next((name for name in table.cluster_by if isinstance(table.schema[name].dataType, DateType)), None)

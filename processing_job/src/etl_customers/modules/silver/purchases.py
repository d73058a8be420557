"""silver.purchases: one row a purchase, its newest version, masked."""

from __future__ import annotations

from customer_contract import Column as ContractColumn
from customer_contract import ColumnFormat, Contract, PersonalData
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, StringType, StructField, StructType, TimestampType

from etl_customers.errors import ReconciliationFailed
from etl_customers.modules.silver.classify import Outcome
from etl_customers.modules.silver.columns import CURRENCY, STORE_ID, STORE_STATE, silver_type
from etl_customers.utils.address import Place
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit
from etl_customers.utils.schema_change import Mark

NAME = "silver.purchases"
#: A first load of so many rows needs no gathering: each task that reads the stage has a file's worth.
_BULK_ROWS = 500_000

_DERIVED = {
    ColumnFormat.MONEY: ((CURRENCY, "ISO 4217 code, from the symbol or else the source's default"),),
    ColumnFormat.STORE: ((STORE_ID, "Id in the reference list"), (STORE_STATE, "State (UF) of the store")),
}
_OWN = (
    ("purchase_key", StringType(), "Identity of the purchase over all sources"),
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
_STATS_OWN = ("purchase_key", "_event_at", "_source", "_batch_id", "_ingested_at")


def meaning(column: ContractColumn) -> str:
    """The comment of the column in silver: what it is, and how it is masked."""
    return f"{column.description} Masked: {column.mask}." if column.sensitive else column.description


def purchases_table(spark: SparkSession, silver: Place, contract: Contract, mark: Mark) -> LakeTable:
    """`silver.purchases`; `mark`: of the key that its tokens are made with."""
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
    cluster_by = (*days[:1], *(name for name in (STORE_ID,) if name in stats))
    address, schema = silver.table("purchases"), StructType(fields)
    return LakeTable(spark, address, NAME, schema, tuple(stats), cluster_by, contract.columns, mark)


def write_purchases(table: LakeTable, staged: DataFrame, expected: int, fresh: bool, commit: Commit) -> None:
    """Bring the winners into the table, in the one commit that also records the progress.

    Raises:
        ReconciliationFailed: Delta reports another number of rows than were classified as written.
    """
    if expected == 0:
        table.record(commit)
        return
    winners = staged.where(F.col("_outcome") == Outcome.WRITTEN.value).select(*table.schema.fieldNames())
    if fresh:
        table.append_unheld(winners, ("purchase_key",), commit, bulk=expected >= _BULK_ROWS)
        written = table.appended_rows()
    else:
        builder = table.delta().alias("t").merge(winners.alias("s"), "t.purchase_key = s.purchase_key")
        counts = table.merge(builder.whenMatchedUpdateAll().whenNotMatchedInsertAll(), commit)
        written = counts.get("numTargetRowsInserted", 0) + counts.get("numTargetRowsUpdated", 0)
    if written != expected:
        raise ReconciliationFailed(f"{NAME}: {expected} rows to write, Delta wrote {written}")

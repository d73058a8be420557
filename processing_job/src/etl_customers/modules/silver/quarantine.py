"""silver.quarantine: rejected rows with every reason, masked like silver, pointing back at their bronze row."""

from __future__ import annotations

from customer_contract import Contract
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, LongType, StringType, StructField, StructType, TimestampType

from etl_customers.modules.silver.classify import KEY_CONFLICT, Outcome
from etl_customers.modules.silver.stage import UNREAD
from etl_customers.utils.address import Place
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit

NAME = "silver.quarantine"
_ERROR = StructType([StructField("rule", StringType()), StructField("column", StringType())])
_STATS = ("_source", "_batch_id", "_source_file", "_ingested_at", "_run_id", "purchase_key", "_event_at")
_KEYS = ("_source_file", "_row_hash")
_SETTLED = (
    "t.purchase_key = s.purchase_key AND"
    " (t._event_at < s._event_at OR t._event_at = s._event_at AND t._content_hash = s._content_hash)"
)
_IS_CONFLICT = f"exists(_errors, e -> e.rule = '{KEY_CONFLICT}')"
_IS_CONFLICT_OF_TABLE = _IS_CONFLICT.replace("(_errors", "(t._errors")
_VERSION = ("purchase_key", "_event_at", "_content_hash")


def quarantine_table(spark: SparkSession, silver: Place, contract: Contract) -> LakeTable:
    """`silver.quarantine`: one row for each rejected row of a raw file; equal rows of one file share it."""
    text = [StructField(c.name, StringType(), True, {"comment": f"{c.description} Masked."}) for c in contract.columns]
    own = [
        StructField("_errors", ArrayType(_ERROR), True, {"comment": "Every rule broken, with its column"}),
        StructField("_occurrences", LongType(), True, {"comment": "How many equal rows the file holds"}),
        StructField("purchase_key", StringType(), True, {"comment": "Set for a KEY_CONFLICT: the purchase in silver"}),
        StructField("_event_at", TimestampType(), True, {"comment": "When this version came to be at its source"}),
        StructField(
            "_content_hash", StringType(), True, {"comment": "Set for a KEY_CONFLICT: keyed hash of what it says"}
        ),
        StructField("_source", StringType(), True, {"comment": "The source system"}),
        StructField("_batch_id", StringType(), True, {"comment": "Source and key of the raw batch"}),
        StructField("_source_file", StringType(), True, {"comment": "The raw file"}),
        StructField("_row_hash", StringType(), True, {"comment": "Points back at the row in bronze"}),
        StructField("_ingested_at", TimestampType(), True, {"comment": "When bronze received it"}),
        StructField("_run_id", StringType(), True, {"comment": "The run that rejected it first"}),
    ]
    address, schema = silver.table("quarantine"), StructType(text + own)
    return LakeTable(spark, address, NAME, schema, _STATS, columns=contract.columns, deletion_vectors=True)


def write_quarantine(table: LakeTable, staged: DataFrame, held: DataFrame | None, commit: Commit) -> None:
    """Add what this run rejects, and what it drives out of silver. Doing it twice changes nothing.

    `held`: silver's rows, those that `staged` was compared with; None: none is driven out.
    """
    rejected = staged.where(F.col("_outcome") == Outcome.QUARANTINED.value).select(
        *(_shown(name, staged.columns) for name in _text_columns(table)), *_own_columns(commit)
    )
    if held is not None:
        rejected = rejected.unionByName(_driven_out(table, staged, held, commit))
    rows = rejected.groupBy(*_KEYS).agg(*_one_of_each(table))
    table.append_unheld(rows.select(*table.schema.fieldNames()), _KEYS, commit)


def release_accepted(table: LakeTable, staged: DataFrame, commit: Commit) -> None:
    """Drop rejected rows that are not rejected any more: they were judged before, by another contract."""
    accepted = staged.where(F.col("_outcome") != Outcome.QUARANTINED.value).select(*_KEYS).distinct()
    same = " AND ".join(f"t.{key} = s.{key}" for key in _KEYS)
    _drop(table, f"NOT {_IS_CONFLICT_OF_TABLE}", accepted, same, commit)


def resolve_conflicts(table: LakeTable, versions: DataFrame, commit: Commit) -> None:
    """Drop conflicts that these versions settle, one a purchase, which silver holds or is about to: had they come after
    it, they would have been stale if it is newer, and duplicates if it says the same.
    """
    _drop(table, _IS_CONFLICT_OF_TABLE, versions.select(*_VERSION), _SETTLED, commit)


def _drop(table: LakeTable, which: str, rows: DataFrame, meet: str, commit: Commit) -> None:
    """Delete from the table, `t`, `which` rows meet one of `rows`, `s`. Mostly none does, which is cheap to see."""
    held = table.read().alias("t").where(which)
    if held.join(rows.alias("s"), F.expr(meet), "left_semi").isEmpty():
        return
    table.merge(table.delta().alias("t").merge(rows.alias("s"), meet).whenMatchedDelete(which), commit)


def _shown(name: str, staged: list[str]) -> Column:
    """What silver would show, or the text that could not be read."""
    read = F.col(name).cast("string")
    unread = f"{UNREAD}{name}"
    return (F.coalesce(read, F.col(unread)) if unread in staged else read).alias(name)


def _text_columns(table: LakeTable) -> list[str]:
    names = table.schema.fieldNames()
    return names[: names.index("_errors")]


def _own_columns(commit: Commit) -> list[Column]:
    conflict = F.expr(_IS_CONFLICT)
    return [
        F.col("_errors"),
        *(F.when(conflict, F.col(name)).alias(name) for name in ("purchase_key", "_content_hash")),
        F.col("_event_at"),
        *(F.col(name) for name in ("_source", "_batch_id", "_source_file", "_row_hash", "_ingested_at")),
        F.lit(commit.run_id).alias("_run_id"),
    ]


def _driven_out(table: LakeTable, staged: DataFrame, held: DataFrame, commit: Commit) -> DataFrame:
    """Silver's present rows that lose to a row of this run at the same event time: from silver into quarantine."""
    losers = staged.where("_replaces_conflict").select("purchase_key")
    rows = held.join(losers, "purchase_key", "left_semi")
    conflict = F.struct(F.lit(KEY_CONFLICT).alias("rule"), F.lit(None).cast("string").alias("column"))
    rows = rows.withColumn("_errors", F.array(conflict))
    text = [F.col(name).cast("string").alias(name) for name in _text_columns(table)]
    return rows.select(*text, *_own_columns(commit))


def _one_of_each(table: LakeTable) -> list[Column]:
    given = (*_KEYS, "_occurrences")
    names = [name for name in table.schema.fieldNames() if name not in given]
    return [*(F.first(name).alias(name) for name in names), F.count("*").alias("_occurrences")]

"""What becomes of each staged row: written, duplicate, stale or quarantined. Event time decides, never arrival.

Among all versions of a purchase, those of this run and the one silver holds, the first in this order wins: newest
event; then the source trusted most; then content hash, file and row hash, so that any order of arrival ends the same.
"""

from __future__ import annotations

from enum import StrEnum

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


class Outcome(StrEnum):
    """The fate of a row; each row has exactly one."""

    WRITTEN = "written"
    DUPLICATE = "duplicate"
    STALE = "stale"
    QUARANTINED = "quarantined"


KEY_CONFLICT = "KEY_CONFLICT"
_GROUP = "_group"
_NEWEST = "_newest"
#: The rank of a version among those of its purchase, the smallest wins: part -> column.
_RANK = {
    "newest": _NEWEST,
    "priority": "_priority",
    "content": "_content_hash",
    "file": "_source_file",
    "row": "_row_hash",
}


def _dated(frame: DataFrame) -> DataFrame:
    """With the rank's column that a row does not have by itself."""
    return frame.withColumn(_NEWEST, -F.unix_micros("_event_at"))


def _rank(prefix: str = "") -> Column:
    return F.struct(*(F.col(f"{prefix}{column}").alias(part) for part, column in _RANK.items()))


def classify(staged: DataFrame, purchases: DataFrame) -> DataFrame:
    """`staged` with `_outcome`, `_is_held` (silver has a version of the purchase), `_replaces_conflict` (which loses to
    this one at the same event time), and KEY_CONFLICT among the errors of a row that contradicts the winner at the
    winner's own event time.
    """
    held = _dated(purchases).select(F.col("purchase_key").alias(_GROUP), _rank().alias("_held"))
    valid = F.size("_errors") == 0
    # A column, not an expression: join and windows then share one exchange of the rows, and one sort. Rows without a
    # key must not meet in one partition.
    frame = staged.withColumn(_GROUP, F.coalesce("purchase_key", "_row_hash")).join(held, _GROUP, "left")
    versions = Window.partitionBy(_GROUP).orderBy(*_RANK.values())
    best_of = {f"_best{column}": F.first(column).over(versions) for column in _RANK.values()}
    frame = _dated(frame).withColumns(best_of | {"_place": F.row_number().over(versions)})
    best, own, present = _rank("_best"), _rank(), F.col("_held")
    winner = F.least(best, present)
    beats_present = present.isNull() | (best < present)
    contradicts = (own["newest"] == winner["newest"]) & (own["content"] != winner["content"])
    outcome = (
        F.when(~valid | contradicts, Outcome.QUARANTINED.value)
        .when((F.col("_place") == 1) & beats_present, Outcome.WRITTEN.value)
        .when(own["newest"] == winner["newest"], Outcome.DUPLICATE.value)
        .otherwise(Outcome.STALE.value)
    )
    conflict = F.struct(F.lit(KEY_CONFLICT).alias("rule"), F.lit(None).cast("string").alias("column"))
    replaces = (present["newest"] == best["newest"]) & (present["content"] != best["content"])
    frame = frame.withColumns(
        {
            "_outcome": outcome,
            "_errors": F.when(valid & contradicts, F.array(conflict)).otherwise(F.col("_errors")),
            "_is_held": present.isNotNull(),
            "_replaces_conflict": F.coalesce(replaces, F.lit(False)),
        }
    )
    frame = frame.withColumn("_replaces_conflict", F.col("_replaces_conflict") & (F.col("_outcome") == "written"))
    return frame.drop(_GROUP, _NEWEST, "_held", "_place", *best_of)

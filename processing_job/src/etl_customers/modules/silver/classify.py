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
#: What decides between versions of one moment, in this order.
_TIES = ("_priority", "_content_hash", "_source_file", "_row_hash")


def rank() -> Column:
    """The place of a version among those of its purchase: the smallest wins."""
    return F.struct(*(value.alias(name) for name, value in _order().items()))


def _order() -> dict[str, Column]:
    return {
        "newest": -F.unix_micros("_event_at"),
        "priority": F.col("_priority"),
        "content": F.col("_content_hash"),
        "file": F.col("_source_file"),
        "row": F.col("_row_hash"),
    }


def classify(staged: DataFrame, purchases: DataFrame) -> DataFrame:
    """`staged` with `_outcome`, `_replaces_conflict` (silver's present row loses to this one at the same event time),
    and KEY_CONFLICT among the errors of a row that contradicts the winner at the winner's own event time.
    """
    held = purchases.select(F.col("purchase_key").alias(_GROUP), rank().alias("_held"))
    valid = F.size("_errors") == 0
    # A column, not an expression: join and windows then share one exchange of the rows, and one sort. Rows without a
    # key must not meet in one partition.
    frame = staged.withColumn(_GROUP, F.coalesce("purchase_key", "_row_hash")).join(held, _GROUP, "left")
    versions = Window.partitionBy(_GROUP).orderBy("_newest", *_TIES)
    best_of = {f"_best_{name}": F.first(name).over(versions) for name in ("_newest", *_TIES)}
    frame = frame.withColumn("_newest", _order()["newest"])
    frame = frame.withColumns(best_of | {"_place": F.row_number().over(versions)})
    best = F.struct(*(F.col(f"_best_{name}").alias(part) for part, name in zip(_order(), ("_newest", *_TIES))))
    own, present = rank(), F.col("_held")
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
            "_replaces_conflict": F.coalesce(replaces, F.lit(False)),
        }
    )
    frame = frame.withColumn("_replaces_conflict", F.col("_replaces_conflict") & (F.col("_outcome") == "written"))
    return frame.drop(_GROUP, "_held", "_newest", "_place", *best_of)

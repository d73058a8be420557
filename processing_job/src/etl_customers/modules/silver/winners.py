"""The winners among the versions of each purchase, into silver.purchases."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from etl_customers.errors import ReconciliationFailed
from etl_customers.modules.silver.classify import Outcome
from etl_customers.modules.silver.counts import SilverCounts
from etl_customers.modules.silver.meeting import Met
from etl_customers.modules.silver.purchases import KEY, NAME, day_column
from etl_customers.utils.apart import CHANGE, Change, Changes
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit

#: A first load of so many rows needs no gathering: each task that reads the stage has a file's worth.
_BULK_ROWS = 500_000


def write_purchases(table: LakeTable, met: Met, counts: SilverCounts, commit: Commit) -> None:
    """Bring the winners into the table; the last commit, mostly the only one, also records the progress.

    Raises:
        ReconciliationFailed: Delta reports another number of rows than were classified as written.
    """
    expected = counts.total(Outcome.WRITTEN)
    if expected == 0:
        table.record(commit)
        return
    names = table.schema.fieldNames()
    winners = met.rows.where(F.col("_outcome") == Outcome.WRITTEN.value)
    if met.few:
        written = _changes(table, winners, met, counts).write(table, commit)
    elif counts.updates == 0:  # a MERGE would look for what it changes
        bulk = expected >= _BULK_ROWS and table.newest().is_creation
        written = table.append_unheld(winners.select(*names), (KEY,), commit, bulk=bulk)
    else:
        builder = table.delta().alias("t").merge(winners.select(*names).alias("s"), f"t.{KEY} = s.{KEY}")
        told = table.merge(builder.whenMatchedUpdateAll().whenNotMatchedInsertAll(), commit)
        written = told.get("numTargetRowsInserted", 0) + told.get("numTargetRowsUpdated", 0)
    if written != expected:
        raise ReconciliationFailed(f"{NAME}: {expected} rows to write, Delta wrote {written}")


def _changes(table: LakeTable, winners: DataFrame, met: Met, counts: SilverCounts) -> Changes:
    what = F.when(F.col("_is_held"), Change.UPDATE.value).otherwise(Change.INSERT.value)
    return Changes(
        winners.select(*table.schema.fieldNames(), what.alias(CHANGE)),
        (KEY,),
        inserts=counts.total(Outcome.WRITTEN) - counts.updates,
        changes=counts.updates,
        # What another run inserts meanwhile is from this part of bronze too.
        since=F.col("_ingested_at") >= F.timestamp_micros(F.lit(counts.oldest_arrival)),
        within=met.days.hold(F.col(f"t.{day_column(table)}")) if met.days else None,
    )

"""What arrives meets what silver holds: each staged row gets its fate, written once, however often it is read later."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from etl_customers.modules.silver.classify import classify
from etl_customers.modules.silver.purchases import KEY, day_column
from etl_customers.utils.day_ranges import DayRanges
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.staging import Staging


@dataclass(frozen=True)
class Met:
    """The staged rows with their fates.

    Attributes:
        few: they are few, and silver is large.
        days: of the purchases in silver that they are versions of; None: not asked for, or there is no such column.
    """

    rows: DataFrame
    few: bool = False
    days: DayRanges | None = None


def meet(staged: DataFrame, purchases: LakeTable, staging: Staging, run_id: str, few: bool) -> Met:
    """Classify `staged` against silver. `few`: by their keys, sent to every task, and by the days that these name."""
    held = purchases.read()
    if not few:
        return Met(staging.kept(classify(staged, held), run_id))
    staged = staging.kept(staged, run_id)
    keys, day, days = F.broadcast(staged.select(KEY).distinct()), day_column(purchases), None
    if day:
        days = DayRanges.of(held.join(keys, KEY, "left_semi"), day)
        held = held.where(days.hold(F.col(day)))
    held = held.join(keys, KEY, "left_semi")
    return Met(staging.kept(classify(staged, held), run_id), few, days)

"""Silver to gold: each analytic table brought up to silver's newest version."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import functions as F

from etl_customers.errors import ReconciliationFailed
from etl_customers.utils.groups import GroupedTable
from etl_customers.utils.lake_table import LakeTable


@dataclass(frozen=True)
class GoldLoad:
    """The gold task. `monthly` is also the table whose sums must equal silver's."""

    purchases: LakeTable
    monthly: GroupedTable
    others: tuple[GroupedTable, ...]
    run_id: str

    def run(self) -> int:
        """Refresh every table; returns how many rows changed.

        Raises:
            ReconciliationFailed: purchases or revenue in gold differ from silver's.
        """
        changed = sum(table.refresh(self.purchases, self.run_id) for table in (self.monthly, *self.others))
        if changed:
            self._check()
        return changed

    def _check(self) -> None:
        silver = self.purchases.read().groupBy("currency").agg(F.count("*"), F.sum("total_amount"))
        gold = self.monthly.table.read().groupBy("currency").agg(F.sum("total_purchases"), F.sum("total_revenue"))
        expected, found = ({row[0]: (row[1], row[2] or 0) for row in frame.collect()} for frame in (silver, gold))
        if expected != found:
            raise ReconciliationFailed("gold.store_monthly_metrics does not add up to silver.purchases")

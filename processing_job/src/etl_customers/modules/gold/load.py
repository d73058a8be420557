"""Silver to gold: each analytic table brought up to silver's newest version."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import functions as F

from etl_customers.errors import GoldDiffers
from etl_customers.modules.gold.store_months import DAY, MONTH
from etl_customers.utils.day_ranges import DayRanges
from etl_customers.utils.groups import GroupedTable
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.versioned_table import figure_of_each


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
            GoldDiffers: purchases in gold differ from silver's, or revenue by currency in the months that
                changed; in all months, if it is not known which did.
        """
        monthly = self.monthly.refresh(self.purchases, self.run_id)
        changed = monthly.rows + sum(table.refresh(self.purchases, self.run_id).rows for table in self.others)
        self._check_counts()  # always: the run that wrote last may have ended before it looked
        if changed:
            self._check_revenue(monthly.months)
        return changed

    def _check_counts(self) -> None:
        figures = [(self.purchases, F.count("*")), (self.monthly.table, F.sum("total_purchases"))]
        found = figure_of_each([*figures, *((grouped.table, F.sum("purchases")) for grouped in self.others)])
        total = found[self.purchases.name]
        for name, purchases in found.items():
            if purchases != total:
                raise GoldDiffers(f"{name} counts {purchases} purchases, silver.purchases {total}", name)

    def _check_revenue(self, months: DayRanges | None) -> None:
        """Where nothing changed, the run that made it has looked: in a large lake each run looks at what it changed."""
        silver, gold = self.purchases.read(), self.monthly.table.read()
        if months:
            silver, gold = silver.where(months.hold(F.col(DAY))), gold.where(months.hold(F.col(MONTH)))
        silver = silver.groupBy("currency").agg(F.count("*"), F.sum("total_amount"))
        gold = gold.groupBy("currency").agg(F.sum("total_purchases"), F.sum("total_revenue"))
        expected, found = ({row[0]: (row[1], row[2] or 0) for row in frame.collect()} for frame in (silver, gold))
        if expected != found:
            name = self.monthly.table.name
            raise GoldDiffers(f"{name} does not add up to silver.purchases", name)

    def distrust(self, name: str) -> None:
        """Let the next run make that table anew: without this it would follow changes from here, and not look back."""
        for grouped in (self.monthly, *self.others):
            if grouped.table.name == name:
                grouped.distrust(self.purchases, self.run_id)

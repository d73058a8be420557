"""Silver to gold: each analytic table brought up to silver's newest version."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame
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
            ReconciliationFailed: purchases or revenue by currency in gold differ from silver's.
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
        total = sum(purchases for purchases, _ in expected.values())
        for name, purchases in self._purchases_of_the_others().items():
            if purchases != total:
                raise ReconciliationFailed(f"{name} counts {purchases} purchases, silver.purchases {total}")

    def _purchases_of_the_others(self) -> dict[str, int]:
        """Table -> the sum of its column `purchases`, in one query for all."""
        tables = [grouped.table for grouped in self.others]
        sums = [
            table.read().agg(F.lit(table.name).alias("name"), F.coalesce(F.sum("purchases"), F.lit(0)))
            for table in tables
        ]
        return {row[0]: row[1] for row in reduce(DataFrame.unionAll, sums).collect()} if sums else {}

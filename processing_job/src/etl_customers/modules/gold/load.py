"""Silver to gold: each analytic table brought up to silver's newest version."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from etl_customers.errors import GoldDiffers
from etl_customers.modules.gold.customer_360 import revenue_columns
from etl_customers.modules.gold.store_months import DAY, MONTH
from etl_customers.utils.day_ranges import DayRanges
from etl_customers.utils.groups import GroupedTable
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.versioned_table import figure_of_each

#: Purchases without a CPF, which are of no golden record.
_OF_NOBODY = "of nobody"


@dataclass(frozen=True)
class GoldLoad:
    """The gold task. `monthly` is also the table whose sums must equal silver's month by month; `customers`, of silver,
    is looked at too.
    """

    purchases: LakeTable
    customers: GroupedTable
    monthly: GroupedTable
    per_store: GroupedTable
    customer_360: GroupedTable
    run_id: str

    def run(self) -> int:
        """Refresh every table; returns how many rows changed.

        Raises:
            GoldDiffers: purchases in gold, or in silver.customers unless that lags, differ from silver's, or revenue
                by currency in the months that changed; in all months, and over all customers, if it is not known which
                did.
        """
        monthly = self.monthly.refresh(self.purchases, self.run_id)
        others = (self.per_store, self.customer_360)
        changed = monthly.rows + sum(table.refresh(self.purchases, self.run_id).rows for table in others)
        self._check_counts()  # always: the run that wrote last may have ended before it looked
        if changed:
            self._check_revenue(monthly.months)
        return changed

    def _check_counts(self) -> None:
        tables = [self.per_store.table, self.customer_360.table]
        if self.customers.table.exists() and self.customers.is_caught_up(self.purchases):
            tables.append(self.customers.table)  # else silver's run ended before it came to them
        sums = [(table.name, table, F.sum("purchases")) for table in tables]
        sums.append((self.monthly.table.name, self.monthly.table, F.sum("total_purchases")))
        sums.append(
            (_OF_NOBODY, self.customer_360.table, F.sum(F.when(F.col("cpf_token").isNull(), F.col("purchases"))))
        )
        found = figure_of_each([*sums, (self.purchases.name, self.purchases, F.count("*"))])
        total, of_nobody = found[self.purchases.name], found.pop(_OF_NOBODY)
        for name, purchases in found.items():
            expected = total - of_nobody if name == self.customers.table.name else total
            if purchases != expected:
                raise GoldDiffers(f"{name} counts {purchases} purchases, silver.purchases {expected}", name)

    def _check_revenue(self, months: DayRanges | None) -> None:
        """Where nothing changed, the run that made it has looked: in a large lake each run looks at what it changed.

        Customers are of no month, so that their sums are compared only where all of silver is added up anyway.
        """
        silver, gold = self.purchases.read(), self.monthly.table.read()
        if months:
            silver, gold = silver.where(months.hold(F.col(DAY))), gold.where(months.hold(F.col(MONTH)))
        name = self.monthly.table.name
        sums = [
            _sums(self.purchases.name, silver, F.count("*"), F.sum("total_amount")),
            _sums(name, gold, F.sum("total_purchases"), F.sum("total_revenue")),
        ]
        customers = self.customer_360.table
        if not months:
            sums.append(_revenue(customers))
        found: dict[str, dict[str, tuple[int, Decimal]]] = defaultdict(dict)
        for row in reduce(DataFrame.unionAll, sums).collect():
            found[row[0]][row[1]] = (row[2], row[3] or Decimal(0))
        expected = found[self.purchases.name]
        if found[name] != expected:
            raise GoldDiffers(f"{name} does not add up to silver.purchases", name)
        if not months and _amounts(found[customers.name]) != _amounts(expected):
            raise GoldDiffers(f"{customers.name} does not add up to silver.purchases", customers.name)

    def distrust(self, name: str) -> None:
        """Let the next run make that table anew: without this it would follow changes from here, and not look back."""
        for grouped in (self.customers, self.monthly, self.per_store, self.customer_360):
            if grouped.table.name == name:
                grouped.distrust(self.purchases, self.run_id)


def _sums(name: str, rows: DataFrame, purchases: Column, revenue: Column) -> DataFrame:
    """Table, currency, purchases, revenue."""
    return rows.groupBy("currency").agg(purchases, revenue).select(F.lit(name), "*")


def _revenue(table: LakeTable) -> DataFrame:
    """Likewise of a table that has a column for each currency, and does not tell its purchases apart by it."""
    unknown = F.lit(None).cast("bigint").alias("purchases")
    each = [
        F.struct(F.lit(code).alias("currency"), unknown, F.sum(column).alias("revenue"))
        for code, column in revenue_columns(table).items()
    ]
    return table.read().agg(F.array(*each).alias("each")).select(F.lit(table.name), F.inline("each"))


def _amounts(sums: dict[str, tuple[int, Decimal]]) -> dict[str, Decimal]:
    return {currency: revenue for currency, (_, revenue) in sums.items() if revenue}

"""How many rows went where: the figures of the run summary, and the reconciliation that every run must pass."""

from __future__ import annotations

from dataclasses import dataclass, field

from customer_contract import Contract
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from etl_customers.errors import ReconciliationFailed
from etl_customers.modules.silver.classify import Outcome

_OUTCOMES = tuple(outcome.value for outcome in Outcome)
#: Rows of which somebody can see masked values.
_SHOWN = (Outcome.WRITTEN, Outcome.QUARANTINED)


@dataclass
class SourceCounts:
    """Rows of one source. A row can break several rules, so `reasons` may add up to more than `quarantined`."""

    read: int = 0
    written: int = 0
    duplicate: int = 0
    stale: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    masked: dict[str, int] = field(default_factory=dict)


@dataclass
class SilverCounts:
    """The counts of a run, by source."""

    sources: dict[str, SourceCounts]
    replaced_conflicts: int = 0

    @classmethod
    def none(cls) -> SilverCounts:
        """Nothing was read."""
        return cls({})

    def total(self, outcome: str) -> int:
        """Rows over all sources."""
        return sum(int(getattr(counts, outcome)) for counts in self.sources.values())

    def totals(self) -> dict[str, int]:
        """Rows read, and rows by outcome."""
        return {name: self.total(name) for name in ("read", *_OUTCOMES)}

    def check_against(self, arrived: DataFrame) -> None:
        """Compare with the rows that bronze delivered, counted apart from the staging.

        Raises:
            ReconciliationFailed: in != written + duplicates + stale + quarantined, for a source.
        """
        delivered = {row["_source"]: row["count"] for row in arrived.groupBy("_source").count().collect()}
        for source in delivered.keys() | self.sources.keys():
            counts = self.sources.get(source, SourceCounts())
            outcomes = sum(int(getattr(counts, outcome)) for outcome in _OUTCOMES)
            if delivered.get(source, 0) != outcomes:
                raise ReconciliationFailed(f"{source}: {delivered.get(source, 0)} rows in, {outcomes} accounted for")
            counts.read = delivered.get(source, 0)


def count_outcomes(staged: DataFrame, contract: Contract) -> SilverCounts:
    """The counts of staged rows, by one query: sources, outcomes and combinations of broken rules are few."""
    sensitive = [column.name for column in contract.sensitive_columns]
    masked = [F.count(name).alias(f"masked_{name}") for name in sensitive]
    replaced = F.count_if("_replaces_conflict").alias("replaced")
    alike = staged.groupBy("_source", "_outcome", "_errors").agg(F.count("*").alias("rows"), replaced, *masked)
    result = SilverCounts({})
    for row in alike.collect():
        counts = result.sources.setdefault(row["_source"], SourceCounts(masked=dict.fromkeys(sensitive, 0)))
        setattr(counts, row["_outcome"], getattr(counts, row["_outcome"]) + row["rows"])
        result.replaced_conflicts += row["replaced"]
        if row["_outcome"] in _SHOWN:
            for name in sensitive:
                counts.masked[name] += row[f"masked_{name}"]
        for error in row["_errors"]:
            reason = f"{error['rule']} ({error['column']})" if error["column"] else error["rule"]
            counts.reasons[reason] = counts.reasons.get(reason, 0) + row["rows"]
    return result

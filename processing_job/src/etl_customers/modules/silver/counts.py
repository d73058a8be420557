"""How many rows went where: the figures of the run summary, and the reconciliation that every run must pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from customer_contract import Contract
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from etl_customers.errors import ReconciliationFailed
from etl_customers.modules.silver.classify import Outcome

_OUTCOMES = tuple(outcome.value for outcome in Outcome)
#: Rows of which somebody can see masked values.
_SHOWN = (Outcome.WRITTEN, Outcome.QUARANTINED)


@dataclass
class SourceCounts:
    """Rows of one source. A row can break several rules, so `reasons` may add up to more than `quarantined`.

    Attributes:
        newest_arrival: when bronze received the newest row, in seconds since 1970 (UTC).
        newest_event: the newest event time among the accepted rows, likewise; None if there are none.
    """

    read: int = 0
    written: int = 0
    duplicate: int = 0
    stale: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    masked: dict[str, int] = field(default_factory=dict)
    newest_arrival: float | None = None
    newest_event: float | None = None

    @property
    def accounted_for(self) -> int:
        """Rows of any outcome; equals `read`, which is counted apart."""
        return sum(int(getattr(self, outcome)) for outcome in _OUTCOMES)

    def invalid(self, column: str) -> int:
        """Rows in which that column broke a rule."""
        return sum(rows for reason, rows in self.reasons.items() if reason.endswith(f" ({column})"))


@dataclass
class SilverCounts:
    """The counts of a run, by source.

    Attributes:
        updates: of the rows written, those of purchases that silver held before.
        oldest_arrival: when bronze received the oldest row, in microseconds since 1970 (UTC); None if there are none.
        batches: raw batch -> rows that silver took of it.
        bronze_versions: the first and the last version of bronze that silver took; None if nothing was new.
    """

    sources: dict[str, SourceCounts]
    updates: int = 0
    replaced_conflicts: int = 0
    oldest_arrival: int | None = None
    batches: dict[str, int] = field(default_factory=dict)
    bronze_versions: tuple[int, int] | None = None

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
        delivered: Counter[str] = Counter()
        for row in arrived.groupBy("_source", "_batch_id").count().collect():
            delivered[row["_source"]] += row["count"]
            self.batches[row["_batch_id"]] = row["count"]
        for source in delivered.keys() | self.sources.keys():
            counts = self.sources.get(source, SourceCounts())
            if delivered.get(source, 0) != counts.accounted_for:
                told = f"{delivered.get(source, 0)} rows in, {counts.accounted_for} accounted for"
                raise ReconciliationFailed(f"{source}: {told}")
            counts.read = delivered.get(source, 0)


def count_outcomes(staged: DataFrame, contract: Contract) -> SilverCounts:
    """The counts of staged rows, by one query: sources, outcomes and combinations of broken rules are few."""
    sensitive = [column.name for column in contract.sensitive_columns]
    masked = [F.count(name).alias(f"masked_{name}") for name in sensitive]
    replaced = F.count_if("_replaces_conflict").alias("replaced")
    updates = F.count_if((F.col("_outcome") == Outcome.WRITTEN.value) & F.col("_is_held")).alias("updates")
    accepted = F.when(F.col("_outcome") != Outcome.QUARANTINED.value, F.col("_event_at"))
    newest = [_newest(F.col("_ingested_at"), "newest_arrival"), _newest(accepted, "newest_event")]
    oldest = F.unix_micros(F.min("_ingested_at")).alias("oldest_arrival")
    figures = (F.count("*").alias("rows"), updates, replaced, *masked, *newest, oldest)
    result = SilverCounts({})
    for row in staged.groupBy("_source", "_outcome", "_errors").agg(*figures).collect():
        counts = result.sources.setdefault(row["_source"], SourceCounts(masked=dict.fromkeys(sensitive, 0)))
        setattr(counts, row["_outcome"], getattr(counts, row["_outcome"]) + row["rows"])
        counts.newest_arrival = _later(counts.newest_arrival, row["newest_arrival"])
        counts.newest_event = _later(counts.newest_event, row["newest_event"])
        result.updates += row["updates"]
        result.replaced_conflicts += row["replaced"]
        result.oldest_arrival = min(row["oldest_arrival"], result.oldest_arrival or row["oldest_arrival"])
        if row["_outcome"] in _SHOWN:
            for name in sensitive:
                counts.masked[name] += row[f"masked_{name}"]
        for error in row["_errors"]:
            reason = f"{error['rule']} ({error['column']})" if error["column"] else error["rule"]
            counts.reasons[reason] = counts.reasons.get(reason, 0) + row["rows"]
    return result


def count_newer(staged: DataFrame, contract: Contract, arrivals: Mapping[str, float]) -> SilverCounts:
    """The same of those rows alone that arrived after `arrivals`: source -> seconds since 1970."""
    known = F.create_map(*(F.lit(word) for pair in arrivals.items() for word in pair))
    of_source = F.try_element_at(known, F.col("_source"))
    arrived = F.unix_micros("_ingested_at")
    newer = count_outcomes(staged.where(of_source.isNull() | (arrived > F.round(of_source * 1_000_000))), contract)
    for counts in newer.sources.values():
        counts.read = counts.accounted_for
    return newer


def _newest(time: Column, name: str) -> Column:
    return (F.unix_micros(F.max(time)) / 1_000_000).alias(name)


def _later(one: float | None, other: float | None) -> float | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)

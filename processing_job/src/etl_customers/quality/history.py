"""What the table of metrics remembers, in the form in which rules need it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from etl_customers.modules.silver.counts import SourceCounts
from etl_customers.quality.metric import Metric, Outcome

OUTCOMES = ("read", "written", "duplicate", "stale", "quarantined")
NEWEST_ARRIVAL, NEWEST_EVENT = "newest_arrival", "newest_event"
_INVALID = "quarantined"
_MASKED = "masked"


@dataclass
class Step:
    """One commit of silver.purchases and what it counted, by source; `at` in seconds since 1970."""

    run_id: str
    at: float
    silver_version: int
    sources: dict[str, SourceCounts] = field(default_factory=dict)

    def came_after(self, version: int | None, at: float) -> bool:
        """True if silver was not yet so far at that version and time; made anew, it counts from version 0 again."""
        return version is None or self.silver_version > version or self.at > at

    def metrics(self) -> Iterator[Metric]:
        """As rows of the table."""
        for source, counts in self.sources.items():
            for name in OUTCOMES:
                yield self._metric(source, name, None, getattr(counts, name))
            for reason, rows in counts.reasons.items():
                yield self._metric(source, _INVALID, reason, rows)
            for column, rows in counts.masked.items():
                yield self._metric(source, _MASKED, column, rows)

    def _metric(self, source: str, measure: str, detail: str | None, rows: int) -> Metric:
        layer = "bronze" if measure == "read" else "silver"
        return Metric(
            self.run_id, self.at, layer, source, measure, detail, rows, "rows", silver_version=self.silver_version
        )


class History:
    """The newest rows of the table.

    Attributes:
        metrics: the rows, oldest first.
        steps: what silver counted, oldest first.
        recorded: keys of the rows.
    """

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.metrics = sorted(metrics, key=lambda metric: metric.run_at)
        self.recorded = {metric.key for metric in self.metrics}
        self.steps = _steps(self.metrics)
        self._verdicts = {(m.rule, m.source): m for m in self.metrics if m.rule is not None}
        self._breaches = {(m.rule, m.source): m for m in self.metrics if m.outcome == Outcome.BREACHED}
        versions = [(m.silver_version, m.run_at) for m in self.metrics if m.silver_version is not None]
        self._position: tuple[int | None, float] = versions[-1] if versions else (None, 0.0)
        self._newest = {(m.measure, m.source): m.value for m in self.metrics if m.unit == "epoch_seconds"}

    def verdict(self, rule: str, source: str) -> Metric | None:
        """The rule's last word on the source."""
        return self._verdicts.get((rule, source))

    def breach(self, rule: str, source: str) -> Metric | None:
        """The rule's newest breach of the source, open or not."""
        return self._breaches.get((rule, source))

    def newest(self, measure: str, source: str) -> float | None:
        """The newest arrival or event on record, in seconds since 1970."""
        return self._newest.get((measure, source))

    def arrivals(self) -> dict[str, float]:
        """The newest arrival of each source that has one on record."""
        found = ((source, value) for (measure, source), value in self._newest.items() if measure == NEWEST_ARRIVAL)
        return {source: value for source, value in found if value is not None}

    def open_breaches(self) -> list[Metric]:
        """Breaches that no later run has passed or accepted."""
        return [metric for metric in self._verdicts.values() if metric.outcome == Outcome.BREACHED]

    def reported(self, run_id: str) -> set[tuple[str | None, str, str | None]]:
        """(rule, source, since) of the breaches with which that run ended."""
        breached = (m for m in self.metrics if m.run_id == run_id and m.outcome == Outcome.BREACHED)
        return {(m.rule, m.source, m.since) for m in breached}

    @property
    def silver_version(self) -> int | None:
        """The version of silver.purchases up to which everything is recorded."""
        return self._position[0]

    def lacks(self, step: Step) -> bool:
        """True if the step came after all that is recorded."""
        return step.came_after(*self._position)


def _steps(metrics: list[Metric]) -> list[Step]:
    found: dict[tuple[str, int], Step] = {}
    for metric in metrics:
        if metric.silver_version is None or metric.rule is not None or metric.unit != "rows":
            continue
        key = (metric.run_id, metric.silver_version)
        step = found.setdefault(key, Step(metric.run_id, metric.run_at, metric.silver_version))
        counts = step.sources.setdefault(metric.source, SourceCounts())
        rows = int(metric.value or 0)
        if metric.detail is None:
            setattr(counts, metric.measure, rows)
        elif metric.measure == _INVALID:
            counts.reasons[metric.detail] = rows
    return list(found.values())

"""What the report shows over runs: figures by run and source, from the table of metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from customer_contract import Contract, Measure

from etl_customers.modules.silver.counts import SourceCounts
from etl_customers.quality.history import NEWEST_ARRIVAL, NEWEST_EVENT, OUTCOMES, History, Step
from etl_customers.quality.judge import AGES

_RUNS = 30


@dataclass
class Trend:
    """One figure over runs: `values` by source, as many as `labels`; None where the source had none in a run."""

    labels: list[str] = field(default_factory=list)
    values: dict[str, list[float | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Freshness:
    """When a source was last heard of; ages in hours, `limit` as the contract's rules have it."""

    source: str
    newest_arrival: str
    newest_event: str
    arrival_age: float
    limits: str
    outcomes: tuple[str, ...]


def totals(history: History) -> dict[str, dict[str, int]]:
    """What became of each source's rows, over the runs on record."""
    found: dict[str, dict[str, int]] = {}
    for step in history.steps:
        for source, counts in step.sources.items():
            row = found.setdefault(source, dict.fromkeys(OUTCOMES, 0))
            for name in OUTCOMES:
                row[name] += getattr(counts, name)
    return dict(sorted(found.items()))


def rows_read(history: History) -> Trend:
    """Rows read, by run."""
    return _by_step(history, lambda counts: float(counts.read))


def quarantined_share(history: History) -> Trend:
    """Rows in quarantine as percent of those read, by run."""
    return _by_step(history, lambda counts: 100 * counts.quarantined / counts.read if counts.read else None)


def arrival_ages(history: History) -> Trend:
    """Hours since a source's newest row arrived, by run, also by those that read nothing."""
    judged = [m for m in history.metrics if m.measure == Measure.ARRIVAL_AGE and m.value is not None and m.rule]
    runs = list(dict.fromkeys((m.run_id, m.run_at) for m in judged))[-_RUNS:]
    ages = {(m.run_id, m.run_at, m.source): m.value for m in judged}
    sources = sorted({m.source for m in judged})
    return Trend([_time(at) for _, at in runs], {s: [ages.get((*run, s)) for run in runs] for s in sources})


def freshness(contract: Contract, history: History, now: float) -> list[Freshness]:
    """Of each source that ever delivered; `now` in seconds since 1970."""
    found = []
    for source in (profile.name for profile in contract.sources):
        arrival, event = (history.newest(measure, source) for measure in (NEWEST_ARRIVAL, NEWEST_EVENT))
        if arrival is None:
            continue
        rules = [rule for rule in contract.quality if rule.measure in AGES and rule.applies_to(source)]
        verdicts = [history.verdict(rule.name, source) for rule in rules]
        found.append(
            Freshness(
                source,
                _time(arrival),
                "" if event is None else _time(event),
                (now - arrival) / 3600,
                "; ".join(f"{rule.measure} {rule.threshold} h" for rule in rules),
                tuple(verdict.outcome or "" for verdict in verdicts if verdict is not None),
            )
        )
    return found


def _by_step(history: History, figure: Callable[[SourceCounts], float | None]) -> Trend:
    steps: list[Step] = history.steps[-_RUNS:]
    sources = sorted({source for step in steps for source in step.sources})
    values = {s: [figure(step.sources[s]) if s in step.sources else None for step in steps] for s in sources}
    return Trend([_time(step.at) for step in steps], values)


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"

"""A row of ops.run_metrics: one figure of one run, or what a quality rule made of it. Never a value of a row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What a rule says of a source in a run."""

    PASSED = "passed"
    #: Out of range, severity warning.
    WARNED = "warned"
    #: Out of range, severity error: gold is held until the rule passes, or somebody accepts it.
    BREACHED = "breached"
    #: A breach that somebody let pass with --accept-quality.
    ACCEPTED = "accepted"
    #: Nothing new, too few rows, or too little history.
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True)
class Metric:
    """One row.

    Attributes:
        run_id: the run that counted or judged.
        run_at: when, in seconds since 1970 (UTC).
        layer: `bronze` for what arrived, `silver` for what became of it.
        source: the source system.
        measure: `read`, `written`, ... or the measure of a rule.
        detail: reason and column, or column; None for the whole row.
        value: in `unit`; None if there is none.
        rule, threshold, severity, outcome: of a rule's verdict; None for a plain figure.
        since: the run whose rows a verdict is about.
        silver_version: the version of silver.purchases that the figures belong to.
    """

    run_id: str
    run_at: float
    layer: str
    source: str
    measure: str
    detail: str | None
    value: float | None
    unit: str
    rule: str | None = None
    threshold: str | None = None
    severity: str | None = None
    outcome: str | None = None
    since: str | None = None
    silver_version: int | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What is recorded once only, however often a run is repeated."""
        figure = (self.run_id, self.source, self.measure, self.detail, self.silver_version)
        return (*figure, self.rule, self.outcome)

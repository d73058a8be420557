"""What each rule of the contract says of each source, from counts alone: no Spark, no clock of its own.

A verdict is about a source's newest rows. Where there is nothing to judge, an open breach stays open and an accepted
one stays accepted: neither a run without rows nor one with too few may wash it away.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from statistics import median

from customer_contract import Measure, QualityRule, Severity

from etl_customers.modules.silver.counts import SourceCounts
from etl_customers.quality.history import NEWEST_ARRIVAL, NEWEST_EVENT, History, Step
from etl_customers.quality.metric import Metric, Outcome

#: Measures that grow by themselves, in hours.
AGES = {Measure.ARRIVAL_AGE: NEWEST_ARRIVAL, Measure.EVENT_AGE: NEWEST_EVENT}
_SECONDS_AN_HOUR = 3600


@dataclass(frozen=True)
class Judge:
    """Judges one run.

    Attributes:
        rules: of the contract.
        sources: names of the contract's sources.
        history: of the runs before.
        steps: what this run brings, oldest first; more than one if a run before it died before it was judged.
        run_id, now: of this run; `now` in seconds since 1970.
        accept: the run whose breaches are let pass.
    """

    rules: tuple[QualityRule, ...]
    sources: tuple[str, ...]
    history: History
    steps: list[Step]
    run_id: str
    now: float
    accept: str | None = None
    _accepted: set[tuple[str | None, str, str | None]] = field(init=False)

    def __post_init__(self) -> None:
        reported = set() if self.accept is None else self.history.reported(self.accept)
        object.__setattr__(self, "_accepted", reported)

    @property
    def silver_version(self) -> int | None:
        """The version of silver.purchases up to which this run judges."""
        return self.steps[-1].silver_version if self.steps else self.history.silver_version

    def verdicts(self) -> list[Metric]:
        """One for each rule and source."""
        pairs = [(rule, source) for rule in self.rules for source in self.sources if rule.applies_to(source)]
        return [self._verdict(rule, source) for rule, source in pairs]

    def newest(self, measure: str, source: str) -> float | None:
        """The newest arrival or event of the source, in seconds since 1970; None if it never delivered."""
        known = [self.history.newest(measure, source)]
        known += [getattr(step.sources[source], measure) for step in self.steps if source in step.sources]
        return max((value for value in known if value), default=None)

    def _verdict(self, rule: QualityRule, source: str) -> Metric:
        before = self._before(rule, source)
        value = self._value(rule, source, before)
        since: str | None = self.run_id
        if value is not None:
            outcome = self._outcome(rule, value)
            if outcome is Outcome.BREACHED and rule.measure in AGES and before is not None:
                # Still as late as it was: the same breach, open or accepted.
                if before.outcome in (Outcome.BREACHED, Outcome.ACCEPTED):
                    outcome, since = Outcome(before.outcome), before.since
        elif before is not None and before.value is not None and before.outcome in (Outcome.BREACHED, Outcome.ACCEPTED):
            value, since = before.value, before.since
            # The contract may have been corrected meanwhile.
            judged = self._outcome(rule, value)
            outcome = Outcome(before.outcome) if judged is Outcome.BREACHED else judged
        elif before is not None and before.run_id == self.run_id:
            return before  # the same run again, with nothing new
        else:
            outcome, since = Outcome.NOT_JUDGED, None
        return Metric(
            self.run_id,
            self.now,
            "bronze" if rule.measure in (Measure.ARRIVAL_AGE, Measure.VOLUME) else "silver",
            source,
            rule.measure.value,
            rule.column,
            None if value is None else round(value, 3),
            rule.measure.unit,
            rule.name,
            rule.threshold,
            rule.severity.value,
            outcome.value,
            since,
            self.silver_version,
        )

    def _before(self, rule: QualityRule, source: str) -> Metric | None:
        """The last verdict, accepted if this run is told to."""
        before = self.history.verdict(rule.name, source)
        if before is None or (rule.name, source, before.since) not in self._accepted:
            return before
        return replace(before, outcome=Outcome.ACCEPTED.value)

    def _outcome(self, rule: QualityRule, value: float) -> Outcome:
        if rule.accepts(value):
            return Outcome.PASSED
        return Outcome.WARNED if rule.severity is Severity.WARNING else Outcome.BREACHED

    def _value(self, rule: QualityRule, source: str, before: Metric | None) -> float | None:
        if rule.measure in AGES:
            newest = self.newest(AGES[rule.measure], source)
            return None if newest is None else max(0.0, self.now - newest) / _SECONDS_AN_HOUR
        if not any(source in step.sources for step in self.steps):
            return None
        if rule.measure is Measure.VOLUME:
            return self._volume(rule, source)
        return self._share(rule, source, before)

    def _share(self, rule: QualityRule, source: str, before: Metric | None) -> float | None:
        """Over the newest rows, back to as many as the rule asks for: small batches are judged together.

        Rows that somebody accepted, and those before them, are not held against a source again.
        """
        # Known by version and time: a run id may be that of later runs, too.
        is_accepted = before is not None and before.outcome == Outcome.ACCEPTED
        breach = self.history.breach(rule.name, source) if is_accepted else None
        rows = bad = 0
        for step in reversed([*self.history.steps, *self.steps]):
            if breach is not None and not step.came_after(breach.silver_version, breach.run_at):
                break
            counts = step.sources.get(source, SourceCounts())
            rows += counts.read
            bad += counts.quarantined if rule.column is None else counts.invalid(rule.column)
            if rows >= rule.minimum_rows:
                return 100 * bad / rows
        return None

    def _volume(self, rule: QualityRule, source: str) -> float | None:
        volumes = [step.sources[source].read for step in [*self.history.steps, *self.steps] if source in step.sources]
        volumes = [rows for rows in volumes if rows]
        if not volumes:
            return None
        *earlier, newest = volumes
        usual = median(earlier[-rule.runs :]) if len(earlier) >= rule.minimum_runs else None
        if usual is None or max(usual, newest) < rule.minimum_rows:
            return None
        return 100 * newest / usual

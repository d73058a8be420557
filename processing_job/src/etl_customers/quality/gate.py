"""The gate between silver and gold: records what silver counted, judges it, and tells whether gold may go on."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace

from customer_contract import Contract

from etl_customers.errors import ConfigurationInvalid, QualityBreached
from etl_customers.modules.silver.counts import SourceCounts
from etl_customers.quality.history import NEWEST_ARRIVAL, NEWEST_EVENT, History, Step
from etl_customers.quality.judge import Judge
from etl_customers.quality.metric import Metric, Outcome
from etl_customers.quality.run_metrics import RunMetricsTable
from etl_customers.utils import delta_log, job_log
from etl_customers.utils.lake_table import LakeTable

_OF_BREACHES = (Outcome.BREACHED, Outcome.ACCEPTED)


@dataclass(frozen=True)
class Verdict:
    """What a run was judged to be; `history` holds this run's rows too."""

    verdicts: list[Metric] = field(default_factory=list)
    history: History = field(default_factory=lambda: History([]))

    def fault(self) -> QualityBreached | None:
        """The breaches that keep gold as it was, if any."""
        breaches = [metric for metric in self.verdicts if metric.outcome == Outcome.BREACHED]
        return QualityBreached("; ".join(map(_described, breaches))) if breaches else None


@dataclass(frozen=True)
class QualityGate:
    """Reads no row of data: its figures are those that silver left in the commits of `purchases`."""

    contract: Contract
    metrics: RunMetricsTable
    purchases: LakeTable
    run_id: str
    accept: str | None = None

    def check_acceptance(self) -> None:
        """Raise ConfigurationInvalid if the run to be accepted was never held. Accepting twice changes nothing."""
        if self.accept is None:
            return
        history = self.metrics.history()
        if not history.reported(self.accept):
            runs = ", ".join(sorted({metric.run_id for metric in history.open_breaches()})) or "none"
            raise ConfigurationInvalid(f"--accept-quality: that run held nothing; runs with open breaches: {runs}")

    def judge(self, every_run: bool) -> Verdict:
        """Record and judge what silver has committed since the last judgement.

        Args:
            every_run: also record a run that brought nothing; False where another task of the same run does so: then
                only what holds it, or is let pass, so that it can be accepted by its id.
        """
        history = self.metrics.history()
        steps = [step for step in self._committed() if history.lacks(step)]
        sources = tuple(source.name for source in self.contract.sources)
        judge = Judge(self.contract.quality, sources, history, steps, self.run_id, time.time(), self.accept)
        verdicts = judge.verdicts()
        fresh = [metric for step in steps for metric in step.metrics()]
        fresh += [*self._newest(judge, sources), *verdicts]
        fresh = [metric for metric in fresh if metric.key not in history.recorded]
        kept = fresh if steps or every_run else [metric for metric in fresh if metric.outcome in _OF_BREACHES]
        if kept:
            self.metrics.append(kept, self.run_id)
        for metric in verdicts:
            if metric.outcome in (Outcome.WARNED, Outcome.BREACHED):
                job_log.warning("quality", outcome=metric.outcome, message=_described(metric))
        return Verdict(verdicts, History([*history.metrics, *fresh]))

    def _committed(self) -> list[Step]:
        """Silver's commits that carry figures, oldest first."""
        if not self.purchases.exists():
            return []
        found = []
        for commit in reversed(delta_log.commits(self.purchases.spark, self.purchases.address)):
            # Auto compaction after a MERGE repeats its figures: userMetadata of a MERGE is a setting of the session.
            if commit.changes_rows and '"figures"' in (commit.metadata or ""):
                told = json.loads(commit.metadata or "")
                sources = {name: SourceCounts(**figures) for name, figures in told["figures"].items()}
                found.append(Step(told["run_id"], commit.at, commit.version, sources))
        return found

    def _newest(self, judge: Judge, sources: tuple[str, ...]) -> list[Metric]:
        """Written anew by each run, so that the newest rows of the table always tell it."""
        found = []
        for measure, layer in ((NEWEST_ARRIVAL, "bronze"), (NEWEST_EVENT, "silver")):
            for source in sources:
                value = judge.newest(measure, source)
                if value is not None:
                    newest = Metric(self.run_id, judge.now, layer, source, measure, None, value, "epoch_seconds")
                    # The version tells runs of one id apart.
                    found.append(replace(newest, silver_version=judge.silver_version))
        return found


def _described(metric: Metric) -> str:
    column = f" of {metric.detail}" if metric.detail else ""
    return (
        f"{metric.source}: {metric.measure}{column} is {metric.value:.1f} {metric.unit}, must be {metric.threshold}"
        f" (rule {metric.rule}, run {metric.since})"
    )

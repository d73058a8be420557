"""A run that finds nothing to do: told from the logs of the lake, in a second, without starting Spark."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from customer_contract import Contract

from etl_customers.config.contract import read_contract
from etl_customers.config.settings import JobSettings
from etl_customers.lake_state import lake_state
from etl_customers.modules.bronze.raw_batches import published_batches
from etl_customers.privacy.key_source import key_source
from etl_customers.privacy.token_key import read_token_key
from etl_customers.quality.judge import AGES
from etl_customers.report.kept import brought, mark
from etl_customers.summary import NOTHING_READ, Summary, read_summary
from etl_customers.utils import job_log


def summary_if_nothing_new(
    settings: JobSettings, run_id: str, started_at: datetime, report: Path | None = None
) -> Summary | None:
    """The summary of a run over a lake that is as a whole run left it; None if the run must take place.

    `report`: where the run shall leave one. It is the last that was written; where none is left, the run must write it.

    Raises:
        JobError: what a run would not start with: an unfit key or contract, a manifest that cannot be read.
        OSError: the report cannot be written.
    """
    last = _last_whole_run(settings.runs_path)
    if last is None or settings.recheck:
        return None
    key = read_token_key(key_source(settings), settings.token_key_id)
    contract = read_contract(settings)
    batches = published_batches(Path(settings.raw_path), contract)
    aged = _aged(last, contract, started_at)
    if last.lake_state != lake_state(settings, contract, key, batches) or aged is None:
        return None
    if report and not brought(last.report, report):
        return None
    job_log.info("nothing_new", since_run=last.run_id, batches=len(batches))
    return replace(
        last,
        run_id=run_id,
        started_at=started_at.isoformat(),
        finished_at=datetime.now(UTC).isoformat(),
        sources={},
        reconciliation=dict(NOTHING_READ),
        quality=aged,
        lineage=_of_no_row(last.lineage),
        timings={},
        report=mark(report) if report else last.report,
    )


def _of_no_row(lineage: dict[str, Any]) -> dict[str, Any]:
    """How the tables stand to each other is as it was; what the last run took is not this run's."""
    return lineage | {"batches": {}, "bronze_versions": None} if lineage else {}


def _aged(last: Summary, contract: Contract, now: datetime) -> list[dict[str, Any]] | None:
    """The last run's verdicts, with the ages of today; None if a source has become late since: that must be judged."""
    hours = (now - datetime.fromisoformat(last.finished_at)).total_seconds() / 3600
    rules = {rule.name: rule for rule in contract.quality if rule.measure in AGES}
    verdicts = []
    for verdict in last.quality:
        rule, value = rules.get(verdict["rule"]), verdict["value"]
        if rule is None or value is None:
            verdicts.append(verdict)
            continue
        if rule.accepts(value) != rule.accepts(value + hours):
            return None
        verdicts.append(verdict | {"value": round(value + hours, 3)})
    return verdicts


def _last_whole_run(runs: Path) -> Summary | None:
    """The summary of the newest run that left a state to compare with."""
    paths = sorted(runs.glob("*/summary.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    return next((found for path in paths if (found := read_summary(path)) and found.lake_state), None)

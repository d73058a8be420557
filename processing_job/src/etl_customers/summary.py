"""The summary of a run: one JSON file for people and machines."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pyspark.sql import functions as F

from etl_customers.errors import JobError
from etl_customers.job import Job, Layer, RunResult
from etl_customers.lake_state import lake_state
from etl_customers.modules.silver.counts import SilverCounts
from etl_customers.quality.metric import Metric
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.versioned_table import figure_of_each

_TOP_STORES = 10
#: The reconciliation of a run that found nothing new.
NOTHING_READ = SilverCounts.none().totals() | {"unaccounted": 0}


@dataclass
class Summary:
    """What a run did. Counts are rows, times ISO 8601 UTC, durations seconds."""

    run_id: str
    started_at: str
    finished_at: str
    status: str
    contract_version: str = ""
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    reconciliation: dict[str, int] = field(default_factory=dict)
    tables: dict[str, dict[str, int]] = field(default_factory=dict)
    top_stores: list[dict[str, Any]] = field(default_factory=list)
    months: list[dict[str, Any]] = field(default_factory=list)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    sample_customer: dict[str, Any] = field(default_factory=dict)
    quality: list[dict[str, Any]] = field(default_factory=list)
    lineage: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    #: Of the newest report, perhaps a run's before this one: see report/kept.py.
    report: dict[str, str] = field(default_factory=dict)
    lake_state: str | None = None
    error: dict[str, str] | None = None


def summarise(job: Job, result: RunResult, started_at: datetime) -> Summary:
    """The summary of a run that went to its end, or was held before gold."""
    counts = result.counts
    breach = result.quality.fault()
    tables = {table.name: table for table in job.tables() if table.exists()}
    totals = counts.totals()
    summary = Summary(
        run_id=job.run_id,
        started_at=started_at.isoformat(),
        finished_at="",
        status="succeeded" if breach is None else "held",
        error=None if breach is None else _told(breach),
        contract_version=job.contract.version,
        sources={name: asdict(source) for name, source in sorted(counts.sources.items())},
        reconciliation=totals | {"unaccounted": totals["read"] - sum(v for k, v in totals.items() if k != "read")},
        tables=_versions_and_rows(tables),
        quality=[_verdict(metric) for metric in result.quality.verdicts],
        timings=result.seconds,
    )
    if job.monthly.table.name in tables:
        _add_gold(job, summary)
    if job.quarantine.name in tables:
        summary.quarantine = _open_quarantine(job)
    if result.is_whole and breach is None and job.is_caught_up():
        summary.lake_state = lake_state(job.settings, job.contract, job.key, result.batches)
    summary.finished_at = datetime.now(UTC).isoformat()
    return summary


def read_summary(path: Path) -> Summary | None:
    """The summary in that file; None if there is none, or one of another version of this job."""
    try:
        found = Summary(**json.loads(path.read_text(encoding="utf-8")))
        for row in (*found.top_stores, *found.months):
            row["revenue"] = Decimal(row["revenue"])
    except (OSError, ValueError, TypeError, KeyError, ArithmeticError):
        return None
    return found


def failed_summary(run_id: str, started_at: datetime, error: JobError) -> Summary:
    """The summary of a run that failed."""
    return Summary(run_id, started_at.isoformat(), datetime.now(UTC).isoformat(), "failed", error=_told(error))


def run_folder(runs: Path, run_id: str, layer: Layer) -> Path:
    """Where a run leaves summary and report: `<runs>/<run id>`, and the layer below it if that is all it ran, since on
    Databricks three tasks share a run id."""
    return runs / run_id if layer is Layer.ALL else runs / run_id / layer


def write_summary(summary: Summary, runs: Path, layer: Layer = Layer.ALL) -> Path:
    """Write `summary.json` to the run's folder and return its path."""
    path = run_folder(runs, summary.run_id, layer) / "summary.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(summary), indent=1, ensure_ascii=False, default=str), encoding="utf-8")
    return path


def _versions_and_rows(tables: dict[str, LakeTable]) -> dict[str, dict[str, int]]:
    counts = figure_of_each((name, table, F.count("*")) for name, table in tables.items())
    return {name: {"version": tables[name].version(), "rows": count} for name, count in counts.items()}


def _told(error: JobError) -> dict[str, str]:
    return {"code": error.code, "message": str(error), "advice": error.advice}


def _verdict(metric: Metric) -> dict[str, Any]:
    names = ("rule", "source", "measure", "value", "unit", "threshold", "severity", "outcome", "since")
    return {name: getattr(metric, name) for name in names} | {"column": metric.detail}


def _add_gold(job: Job, summary: Summary) -> None:
    rows = [row.asDict() for row in job.monthly.table.read().collect()]  # stores x months x currencies: small
    summary.top_stores = _group(rows, ("store_id", "store_location", "currency"))[:_TOP_STORES]
    months = _group([row for row in rows if row["month"]], ("month", "currency"))
    summary.months = sorted(months, key=lambda row: (str(row["month"]), row["currency"]))
    if not job.settings.show_sample:
        return
    customer = job.customers.table.read().orderBy(F.desc("purchases"), "cpf_token").limit(1).collect()
    summary.sample_customer = in_utc(customer[0].asDict(recursive=True)) if customer else {}


def in_utc(value: Any) -> Any:
    """A value that PySpark collected, with each time in it, however deep, as ISO 8601 UTC: it gives them by the clock
    of this machine, and does not say so.
    """
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return {name: in_utc(each) for name, each in value.items()}
    return [in_utc(each) for each in value] if isinstance(value, list) else value


def _group(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    totals: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for row in rows:
        total = totals[tuple(row[key] for key in keys)]
        total[0] += row["total_purchases"]
        total[1] += row["total_revenue"]
    found = [dict(zip(keys, group)) | {"purchases": n, "revenue": money} for group, (n, money) in totals.items()]
    return sorted(found, key=lambda row: (-row["purchases"], *(str(row[key]) for key in keys)))


def _open_quarantine(job: Job) -> list[dict[str, Any]]:
    errors = job.quarantine.read().select("_source", "_occurrences", F.explode("_errors").alias("error"))
    counted = errors.groupBy("_source", "error.rule", "error.column").agg(F.sum("_occurrences").alias("rows"))
    found = [row.asDict() for row in counted.collect()]
    named = [{**{k.lstrip("_"): v for k, v in row.items()}} for row in found]
    return sorted(named, key=lambda row: (-row["rows"], row["rule"], row["source"]))

"""A run over an unchanged lake starts no Spark; whatever may have changed makes it run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from lake_kit import SmallLake, record

from etl_customers.errors import ConfigurationInvalid
from etl_customers.idle import summary_if_nothing_new
from etl_customers.job import Layer
from etl_customers.report.render import write_report
from etl_customers.summary import NOTHING_READ, Summary, read_summary, summarise, write_summary

NOW = datetime.now(UTC)
_OF_THE_RUN: dict[str, Any] = {
    "run_id": "",
    "started_at": "",
    "finished_at": "",
    "reconciliation": NOTHING_READ,
    "sources": {},
    "timings": {},
}


def test_an_unchanged_lake_has_the_figures_of_its_last_run(lake: SmallLake) -> None:
    first = _run(lake)
    assert first.reconciliation["read"] == 2
    idle = _idle(lake)
    assert idle and idle.run_id == "idle"
    assert idle.reconciliation == dict.fromkeys(first.reconciliation, 0) and idle.sources == {}
    for figure in ("tables", "top_stores", "months", "quarantine", "all_runs"):
        assert str(getattr(idle, figure)) == str(getattr(_as_written(lake, first), figure)) != "{}", figure
    reports = [lake.root / "first.html", lake.root / "idle.html"]
    for summary, report in zip((first, idle), reports):
        write_report(replace(summary, **_OF_THE_RUN), report)
    assert reports[0].read_text(encoding="utf-8") == reports[1].read_text(encoding="utf-8")
    lake.put("api", record(3))
    assert _idle(lake) is None
    assert _run(lake).reconciliation["read"] == 1
    assert _idle(lake)
    (lake.root / "token.key").write_text("short", encoding="utf-8")
    with pytest.raises(ConfigurationInvalid):
        _idle(lake)


def _summaries_lost(lake: SmallLake) -> None:
    shutil.rmtree(lake.root / "runs")


def _a_table_restored(lake: SmallLake) -> None:
    lake.job().monthly.table.delta().restoreToVersion(0)


def _a_table_lost(lake: SmallLake) -> None:
    shutil.rmtree(lake.root / "gold" / "customer_360")


def _a_table_made_anew(lake: SmallLake) -> None:
    """With the same versions as before: only the content of the commits differs."""
    versions = lake.versions()
    shutil.rmtree(lake.root / "gold")
    lake.run(Layer.GOLD)
    assert lake.versions() == versions


def _a_batch_changed(lake: SmallLake) -> None:
    (manifest,) = (lake.root / "raw").rglob("_manifest.json")
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"rows_written": 2', '"rows_written": 3'))


@pytest.mark.parametrize(
    "change", [_summaries_lost, _a_table_restored, _a_table_lost, _a_table_made_anew, _a_batch_changed]
)
def test_a_run_takes_place_after(change: Callable[[SmallLake], None], lake: SmallLake) -> None:
    _run(lake)
    assert _idle(lake)
    change(lake)
    assert _idle(lake) is None


def test_a_run_takes_place_if_asked_for_or_with_other_settings(lake: SmallLake) -> None:
    _run(lake)
    for change in ({"recheck": True}, {"show_sample": True}, {"token_key_id": "k2"}):
        assert summary_if_nothing_new(lake.settings.model_copy(update=change), "idle", NOW) is None


def test_a_run_that_did_not_go_through_every_layer_leaves_no_state(lake: SmallLake) -> None:
    assert _run(lake, Layer.BRONZE).lake_state is None
    job = lake.job()
    result = job.run(Layer.ALL)
    lake.put("api", record(3))
    lake.run(Layer.BRONZE)  # another run, meanwhile
    assert summarise(job, result, NOW).lake_state is None


def _run(lake: SmallLake, layer: Layer = Layer.ALL) -> Summary:
    if not (lake.root / "raw").exists():
        lake.put("database", record(1), record(2, cpf="123"))
    job = lake.job()
    summary = summarise(job, job.run(layer), NOW)
    write_summary(summary, job.settings.runs_path)
    return summary


def _idle(lake: SmallLake) -> Summary | None:
    return summary_if_nothing_new(lake.settings, "idle", NOW)


def _as_written(lake: SmallLake, summary: Summary) -> Summary:
    found = read_summary(lake.root / "runs" / summary.run_id / "summary.json")
    assert found
    return found

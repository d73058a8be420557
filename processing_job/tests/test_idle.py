"""A run over an unchanged lake starts no Spark; whatever may have changed makes it run."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lake_kit import SmallLake, record

from etl_customers.errors import ConfigurationInvalid
from etl_customers.idle import summary_if_nothing_new
from etl_customers.job import Layer
from etl_customers.report.kept import mark
from etl_customers.summary import Summary, read_summary, summarise, write_summary

NOW = datetime.now(UTC)
_PAGE = "<p>São Paulo"


def test_a_run_takes_place_unless_the_lake_is_as_the_last_whole_run_left_it(lake: SmallLake) -> None:
    """One lake after another change, since a run of all layers is dear."""
    assert _run(lake, Layer.BRONZE).lake_state is None, "not a whole run"
    first = _run(lake)
    idle = _idle(lake)
    assert idle and idle.run_id == "idle"
    _assert_same_figures(lake, first, idle)
    _assert_that_a_report_is_that_of_the_last_run(lake)
    for change in ({"recheck": True}, {"show_sample": True}, {"token_key_id": "k2"}):
        assert summary_if_nothing_new(lake.settings.model_copy(update=change), "idle", NOW) is None
    without_a_table = _without(lake.root / "gold" / "customer_360")
    for damage in (_another_key, _other_rows_in_the_manifest, without_a_table, _table_made_anew):
        with damage(lake):
            assert _idle(lake) is None
        assert _idle(lake)
    _left_behind_by_another_run(lake)
    key = (lake.root / "token.key").read_text(encoding="utf-8")
    (lake.root / "token.key").write_text("short", encoding="utf-8")
    with pytest.raises(ConfigurationInvalid):
        _idle(lake)
    (lake.root / "token.key").write_text(key, encoding="utf-8")
    shutil.rmtree(lake.root / "runs")
    assert _idle(lake) is None


def _assert_same_figures(lake: SmallLake, first: Summary, idle: Summary) -> None:
    assert idle.reconciliation == dict.fromkeys(first.reconciliation, 0) and idle.sources == {}
    for figure in ("tables", "top_stores", "months", "quarantine"):
        assert str(getattr(idle, figure)) == str(getattr(_as_written(lake, first), figure)) != "{}", figure
    assert _without_ages(idle) == _without_ages(_as_written(lake, first)) != []


def _assert_that_a_report_is_that_of_the_last_run(lake: SmallLake) -> None:
    """However many idle runs ago; and where that is nowhere to be found, the run must take place to write one."""
    written, beside = lake.root / "report.html", lake.root / "runs" / "beside" / "report.html"
    for at in (written, beside):
        idle = _idle(lake, at)
        assert idle and at.read_text(encoding="utf-8") == _PAGE
        write_summary(idle, lake.settings.runs_path)
    written.write_text("of a run that was held", encoding="utf-8")
    assert _idle(lake, written) and written.read_text(encoding="utf-8") == _PAGE
    for path in (written, beside):
        path.write_text("of another lake", encoding="utf-8")
    assert _idle(lake, written) is None and _idle(lake, lake.root / "new.html") is None
    assert written.read_text(encoding="utf-8") == "of another lake" and not (lake.root / "new.html").exists()
    assert _idle(lake), "nobody asks for one"


def _without_ages(summary: Summary) -> list[dict[str, Any]]:
    return [verdict | {"value": None} for verdict in summary.quality]


def _left_behind_by_another_run(lake: SmallLake) -> None:
    """A batch that arrives is noticed; a run during which bronze grew leaves no state, as its tables lag behind."""
    job = lake.job()
    lake.put("api", record(3))
    assert _idle(lake) is None
    lake.run(Layer.BRONZE)
    assert not job.is_caught_up()


@contextmanager
def _another_key(lake: SmallLake) -> Iterator[None]:
    """Under the same id: the run must take place, to be refused."""
    key = (lake.root / "token.key").read_text(encoding="utf-8")
    (lake.root / "token.key").write_text(secrets.token_hex(32), encoding="utf-8")
    yield
    (lake.root / "token.key").write_text(key, encoding="utf-8")


@contextmanager
def _other_rows_in_the_manifest(lake: SmallLake) -> Iterator[None]:
    (manifest,) = (lake.root / "raw").rglob("_manifest.json")
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('"rows_written": 2', '"rows_written": 3'), encoding="utf-8")
    yield
    manifest.write_text(text, encoding="utf-8")


def _without(folder: Path) -> Callable[[SmallLake], AbstractContextManager[None]]:
    @contextmanager
    def missing(lake: SmallLake) -> Iterator[None]:
        folder.rename(lake.root / "aside")
        yield
        (lake.root / "aside").rename(folder)

    return missing


@contextmanager
def _table_made_anew(lake: SmallLake) -> Iterator[None]:
    """With the same versions as before: only the content of the newest commit differs."""
    newest = max((lake.root / "gold" / "customer_360" / "_delta_log").glob("*.json"))
    text = newest.read_text(encoding="utf-8")
    newest.write_text(text.replace("part-00000-", "part-00001-"), encoding="utf-8")
    assert newest.read_text(encoding="utf-8") != text
    yield
    newest.write_text(text, encoding="utf-8")


def _run(lake: SmallLake, layer: Layer = Layer.ALL) -> Summary:
    if not (lake.root / "raw").exists():
        lake.put("database", record(1), record(2, cpf="123"))
    job = lake.job()
    summary = summarise(job, job.run(layer), NOW)
    report = lake.root / "report.html"
    report.write_text(_PAGE, encoding="utf-8")
    summary.report = mark(report)
    write_summary(summary, job.settings.runs_path)
    return summary


def _idle(lake: SmallLake, report: Path | None = None) -> Summary | None:
    return summary_if_nothing_new(lake.settings, "idle", NOW, report)


def _as_written(lake: SmallLake, summary: Summary) -> Summary:
    found = read_summary(lake.root / "runs" / summary.run_id / "summary.json")
    assert found
    return found

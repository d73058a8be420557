"""What the gate puts on record of a run, over a log of silver.purchases that is written here: no Spark is needed."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from customer_contract import Contract, QualityRule
from pyspark.sql.types import StructType

from etl_customers.modules.silver.counts import SourceCounts
from etl_customers.quality import gate
from etl_customers.quality.gate import QualityGate, Verdict
from etl_customers.quality.history import NEWEST_ARRIVAL, History
from etl_customers.quality.metric import Metric
from etl_customers.utils.address import Address
from etl_customers.utils.lake_table import LakeTable

_HOUR = 3600
_SHARE = QualityRule(name="share", severity="error", measure="quarantined_share", minimum_rows=100, less_than=25)
_ARRIVAL = QualityRule(name="arrival", severity="error", measure="arrival_age", less_than=24)


class Metrics:
    """ops.run_metrics in memory."""

    def __init__(self) -> None:
        self.rows: list[Metric] = []

    def history(self) -> History:
        return History(self.rows)

    def append(self, metrics: list[Metric], run_id: str) -> None:
        assert {metric.run_id for metric in metrics if metric.rule} <= {run_id}
        self.rows += metrics


class Silver:
    """Runs of silver and of gold over one lake, whose clock stands until it is told to go on."""

    def __init__(self, folder: Path, contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hour = 0
        self.metrics: Any = Metrics()
        self._log = folder / "_delta_log"
        self._log.mkdir()
        nobody: Any = None
        self._purchases = LakeTable(nobody, Address(str(folder)), "silver.purchases", StructType(), ())
        self._contract = contract.model_copy(update={"quality": (_SHARE, _ARRIVAL)})
        monkeypatch.setattr(gate, "time", SimpleNamespace(time=lambda: float(self.hour * _HOUR)))

    def commit(self, run_id: str, rows: int, bad: int = 0) -> None:
        """What silver leaves in the log when it has taken rows of the csv source that came this hour."""
        counts = SourceCounts(rows, rows - bad, quarantined=bad, newest_arrival=float(self.hour * _HOUR))
        told = json.dumps({"run_id": run_id, "figures": {"csv": asdict(counts)}})
        info = {"timestamp": self.hour * _HOUR * 1000, "operation": "MERGE", "userMetadata": told}
        version = len(list(self._log.iterdir()))
        (self._log / f"{version:020d}.json").write_text(json.dumps({"commitInfo": info}), encoding="utf-8")

    def judge(self, run_id: str, accept: str | None = None) -> Verdict:
        """As the run of silver does, or of all layers."""
        return self._gate(run_id, accept).judge(every_run=True)

    def judge_before_gold(self, run_id: str, accept: str | None = None) -> Verdict:
        """As a run of gold alone does."""
        return self._gate(run_id, accept).judge(every_run=False)

    def _gate(self, run_id: str, accept: str | None) -> QualityGate:
        found = QualityGate(self._contract, self.metrics, self._purchases, run_id, accept)
        found.check_acceptance()
        return found


@pytest.fixture
def silver(tmp_path: Path, contract: Contract, monkeypatch: pytest.MonkeyPatch) -> Silver:
    return Silver(tmp_path, contract, monkeypatch)


def test_the_newest_arrival_is_on_record_of_each_step_of_a_run_id_that_is_used_again(silver: Silver) -> None:
    for hour in (5, 9):
        silver.hour = hour
        silver.commit("day", 1000)
        silver.judge("day")
        assert silver.metrics.history().newest(NEWEST_ARRIVAL, "csv") == hour * _HOUR
    recorded = len(silver.metrics.rows)
    silver.judge("day")
    assert len(silver.metrics.rows) == recorded, "and of a run that brings nothing not once more"


def test_what_holds_a_run_of_gold_alone_is_accepted_by_its_id(silver: Silver) -> None:
    """As its message advises."""
    silver.hour = 5
    silver.commit("A", 1000, bad=500)
    assert silver.judge("A").fault()
    silver.hour = 6
    assert silver.judge_before_gold("B").fault()
    assert silver.judge_before_gold("C", accept="B").fault() is None
    assert silver.judge_before_gold("D").fault() is None, "and stays accepted"
    silver.commit("E", 1000, bad=900)
    assert silver.judge("E", accept="B").fault(), "what came after B is judged anew"


def test_a_source_that_grows_late_between_silver_and_gold_is_on_record(silver: Silver) -> None:
    """Judged by two tasks of one run, which share its id."""
    silver.hour = 1
    silver.commit("A", 1000)
    silver.hour = 24
    assert silver.judge("A").fault() is None
    silver.hour = 25
    assert silver.judge_before_gold("A").fault()
    (breach,) = silver.metrics.history().open_breaches()
    assert (breach.run_id, breach.rule, breach.value, breach.since) == ("A", "arrival", 24.0, "A")
    assert silver.judge_before_gold("B", accept="A").fault() is None


def test_a_run_of_gold_alone_leaves_no_more_on_record_than_what_held_it(silver: Silver) -> None:
    """A verdict more is no other word on what silver brought; nor is one told twice."""
    silver.hour = 1
    silver.commit("A", 1000, bad=500)
    silver.judge("A")
    before = list(silver.metrics.rows)
    for _ in range(2):
        shown = silver.judge_before_gold("B").history
    (told,) = silver.metrics.rows[len(before) :]
    assert (told.run_id, told.rule, told.value, told.since, told.silver_version) == ("B", "share", 50.0, "A", 0)
    assert [step.run_id for step in silver.metrics.history().steps] == ["A"]
    assert {m.rule for m in shown.metrics if m.run_id == "B"} == {None, "share", "arrival"}, "the report tells all"
    silver.commit("C", 1000)
    assert silver.judge("C").fault() is None
    recorded = len(silver.metrics.rows)
    silver.judge_before_gold("D")
    assert len(silver.metrics.rows) == recorded

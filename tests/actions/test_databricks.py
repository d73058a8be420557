"""The job is started once, waited for, and its result fetched; what it says when it fails has a cure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cdp_actions import ROOT, databricks, notes
from cdp_actions.errors import ActionFailed
from cdp_dryrun.answers import LAKEHOUSE, PLATFORM, RESULT, RUN, answer
from cdp_dryrun.files import pairs
from cdp_dryrun.world import World

Machine = Callable[..., World]
JOB = answer("bundle summary", out={"resources": {"jobs": {"etl_customers": {"id": "5"}}}})
START = answer("run-now", out={"run_id": 77})


def _failed(message: str, code: str = "FAILED") -> dict[str, Any]:
    silver = {"task_key": "silver", "state": {"result_state": "FAILED", "state_message": message}}
    return {**RUN, "state": {"life_cycle_state": "TERMINATED", "result_state": code}, "tasks": [silver]}


def test_the_run_is_waited_for(machine: Machine) -> None:
    pending = {**RUN, "state": {"life_cycle_state": "PENDING"}}
    world = machine([JOB, START, answer("get-run", turns=[{"out": pending}, {"out": pending}, {"out": RUN}])])
    databricks.run_job("dev")
    assert [call.words[1] for call in world.calls()] == ["summary", "run-now", "get-run", "get-run", "get-run"]
    assert pairs(world.temp / "github_output") == {"run-id": "77"}
    assert ["gold", "SUCCESS"] in notes.found()[-1][1]["rows"]


@pytest.mark.parametrize(
    ("told", "said", "advice"),
    [
        (_failed("Workload failed, exit code 76"), "FAILED", "quality"),
        (_failed("exited with 78"), "silver", "setting"),
        (_failed("exit code 75"), "silver", "run again"),
        (_failed("out of memory"), "silver", "read the log of silver"),
        ({**RUN, "state": {"life_cycle_state": "INTERNAL_ERROR"}, "tasks": []}, "INTERNAL_ERROR", "Open the run"),
    ],
)
def test_a_run_that_fails(machine: Machine, told: dict[str, Any], said: str, advice: str) -> None:
    world = machine([JOB, START, answer("get-run", out=told)])
    with pytest.raises(ActionFailed, match=said) as caught:
        databricks.run_job("dev")
    assert advice in caught.value.next_step
    assert sum("run-now" in call.words for call in world.calls()) == 1


def test_every_exit_code_that_tells_something_has_its_cure() -> None:
    page = (ROOT / "processing_job" / "README.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| ([0-9]+) \|", page, re.MULTILINE))
    assert documented - {"0", "70"} == databricks._CURES.keys()


def test_a_run_that_does_not_end(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine([JOB, START, answer("get-run", out={**RUN, "state": {"life_cycle_state": "RUNNING"}})])
    monkeypatch.setenv("CDP_WAIT_SECONDS", "-1")
    with pytest.raises(ActionFailed, match="not ended in time") as caught:
        databricks.run_job("dev")
    assert "before you start another" in caught.value.next_step


def test_the_result_holds_counts_alone(machine: Machine, tmp_path: Path) -> None:
    world = machine([answer("fs cat", "gold", code=1), answer("fs cat", "silver", out=RESULT)])
    databricks.fetch_result("dev", "77", tmp_path / "result.json")
    assert world.calls()[0].words[-1] == "dbfs:/Volumes/dev/ops/work/runs/77/gold/summary.json"
    kept = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert kept["sources"]["csv"]["written"] == 940
    assert "119" not in json.dumps([kept, notes.found()])  # of the sample customer


def test_no_result(machine: Machine, tmp_path: Path) -> None:
    machine([answer("fs cat", code=1)])
    with pytest.raises(ActionFailed, match="left no summary"):
        databricks.fetch_result("dev", "77", tmp_path / "result.json")


def test_the_bundles_variables(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    world = machine([])
    monkeypatch.setenv("NOTIFICATION_ADDRESS", "")
    with pytest.raises(ActionFailed, match="names nobody"):
        databricks.use_outputs(PLATFORM, LAKEHOUSE)
    monkeypatch.setenv("NOTIFICATION_ADDRESS", "a@example.com")
    databricks.use_outputs(PLATFORM, LAKEHOUSE)
    given = pairs(world.temp / "github_env")
    assert given["BUNDLE_VAR_cluster_policy_id"] == "ABC123"
    assert given["BUNDLE_VAR_notification_address"] == "a@example.com"
    assert given["DATABRICKS_HOST"] == PLATFORM["lakehouse"]["workspace_url"]

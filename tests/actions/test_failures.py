"""Whatever step fails, its job fails, and the job's summary says what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cdp_actions.advice import ADVICE, OTHERWISE
from cdp_dryrun.job import load
from cdp_dryrun.workflow import WORKFLOWS
from dry_run_kit import Dry

#: How each workflow is started, so that all of its jobs and steps take part.
PULL_REQUEST = {"number": 12, "pull_request": {"number": 12, "head": {"repo": {"full_name": "retailer/platform"}}}}
STARTS: dict[str, dict[str, Any]] = {
    "service": {"event_name": "workflow_call", "inputs": {"environment": "dev", "service": "csv"}},
    "destroy": {"inputs": {"confirmation": "destroy dev"}},
}
#: One writes the summary of the whole, the other asks GitHub alone.
WITHOUT_SUMMARY = {"status", "dependencies"}
#: These are met on pull requests only.
ON_PULL_REQUESTS = {"comment"}


def _steps() -> Iterator[tuple[str, str, list[str]]]:
    for path in sorted(WORKFLOWS.glob("*.yml")):
        for job, told in load(path)["jobs"].items():
            steps = [step["id"] for step in told.get("steps", ()) if "id" in step]
            if steps and job not in WITHOUT_SUMMARY:
                yield path.stem, job, steps


@pytest.mark.parametrize(("workflow", "job", "steps"), list(_steps()))
def test_any_step_that_fails(dry: Dry, workflow: str, job: str, steps: list[str]) -> None:
    for step in steps:
        _fails(dry, workflow, job, step)


def _fails(dry: Dry, workflow: str, job: str, step: str) -> None:
    start = STARTS.get(workflow, {}).copy()
    if step in ON_PULL_REQUESTS:
        start |= {"event_name": "pull_request", "event": {"pull_request": PULL_REQUEST["pull_request"]}}
    inputs = start.pop("inputs", {})
    name = "drift-dev" if job == "drift" else job
    if step == "azure-again":
        start["more_variables"] = {"AZURE_OIDC": "true"}
    told = {"run": {"run-id": "77"}, "outputs-lakehouse": {"found": "true"}}
    ran = dry(workflow, inputs, fail_step=step, only_told=told, only_job=job, **start)
    assert ran.outcome == "failure"
    text = ran.summary(name)
    assert f"failed at `{step}`" in text
    advice = text.partition("## What to do next")[2].partition("## Steps")[0].strip()
    assert advice == ADVICE.get(step, OTHERWISE)
    assert not ran.leaks()


def test_the_last_step_of_each_job_is_its_summary() -> None:
    for path in WORKFLOWS.glob("*.yml"):
        for name, job in load(path)["jobs"].items():
            if "steps" in job and name not in WITHOUT_SUMMARY:
                last = job["steps"][-1]
                assert last["if"] == "${{ always() }}", f"{path.name}: {name}"
                assert last["env"]["STEPS"] == "${{ toJSON(steps) }}"
                assert last["run"].startswith("python3 -m cdp_actions summary ")
                unnamed = [step for step in job["steps"][:-1] if "id" not in step]
                assert not unnamed, f"{path.name}: {name}: a step without an id is not in the summary"


def test_each_advice_is_of_a_step() -> None:
    ids = {step for _, _, steps in _steps() for step in steps}
    assert set(ADVICE) <= ids

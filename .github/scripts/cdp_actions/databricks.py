"""The job on Databricks: deployed by its bundle, run, waited for, and its result fetched.

Source: docs.databricks.com/dev-tools/cli (bundle, jobs, fs commands), and the Jobs API 2.2 for states of runs.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from cdp_actions import ROOT, notes
from cdp_actions.errors import ActionFailed
from cdp_actions.github_files import set_environment, set_output
from cdp_actions.shell import attempt, pause, run, run_json, show

BUNDLE = ROOT / "processing_job"
JOB = "etl_customers"
SCHEMAS = ("gold", "silver", "bronze", "ops")
_PAUSE_SECONDS = 30.0
#: The job itself ends after four hours.
_WAIT_SECONDS = 4.5 * 3600
_VALIDATE = "`databricks bundle validate` names the file and the line. make test holds the bundle to Databricks' types."
_DEPLOY = (
    "Is another deployment running, or was one broken off (`databricks bundle deploy --force-lock`)? Has "
    "`infrastructure` been applied?"
)
_OWNER = "The identity must own the catalog's schemas: it does where it made them."
_LOST = "Look at the run in the workspace before you start another one: the job takes one at a time."
#: Exit codes of etl-customers (processing_job/README.md) -> what to do.
_CURES = {
    "65": "Rows are unaccounted for: use nothing of this run. The task's log says where to begin.",
    "69": "A source's raw files could not be read: the task's log names their batches. Mend or remove these.",
    "74": "The lake could not be written. Has the job's identity its rights (docs/access.md)? Has the account room?",
    "75": "Another writer was faster at a table. Nothing is half done: run again.",
    "76": 'A quality rule was breached and gold was held: processing_job/README.md, "When quality holds gold".',
    "78": "A setting is wrong; the task's log names it.",
}


def use_outputs(platform: dict[str, Any], lakehouse: dict[str, Any]) -> None:
    """Give the later steps the workspace's address and the bundle's variables.

    Raises:
        ActionFailed: nobody was named to be told of failed runs.
    """
    address = os.environ.get("NOTIFICATION_ADDRESS", "")
    if "@" not in address:
        raise ActionFailed(
            "NOTIFICATION_ADDRESS names nobody",
            "Set the variable NOTIFICATION_ADDRESS to who hears of failed runs of the job.",
        )
    set_environment("DATABRICKS_HOST", str(platform["lakehouse"]["workspace_url"]))
    set_environment("DATABRICKS_AZURE_RESOURCE_ID", str(platform["lakehouse"]["workspace_resource_id"]))
    for name, value in {**lakehouse["bundle"], "notification_address": address}.items():
        set_environment(f"BUNDLE_VAR_{name}", str(value))


def deploy(environment: str) -> None:
    """Validate strictly, and deploy; the bundle builds the wheels.

    Raises:
        ActionFailed: one of the two failed.
    """
    show(["databricks", "bundle", "validate", "--target", environment, "--strict"], _VALIDATE, cwd=BUNDLE)
    show(["databricks", "bundle", "deploy", "--target", environment, "--auto-approve"], _DEPLOY, cwd=BUNDLE)
    job = _job(environment)
    notes.leave("facts", {"title": "Job", "rows": [["etl-customers", job.get("url", "deployed")]]})


def run_job(environment: str) -> None:
    """Start the job and wait for its end; the run's id becomes an output.

    Raises:
        ActionFailed: it cannot be started, did not succeed, or did not end in time.
    """
    started = run_json(
        ["databricks", "jobs", "run-now", str(_job(environment)["id"]), "--no-wait", "--output", "json"], _LOST
    )
    number = str(started["run_id"])
    set_output("run-id", number)
    until = time.monotonic() + float(os.environ.get("CDP_WAIT_SECONDS", _WAIT_SECONDS))
    told = _run(number)
    while _life(told) not in ("TERMINATED", "INTERNAL_ERROR", "SKIPPED"):
        if time.monotonic() > until:
            raise ActionFailed(
                f"run {number} has not ended in time", f"It goes on: {told.get('run_page_url', '')} . {_LOST}"
            )
        pause(_PAUSE_SECONDS)
        told = _run(number)
    tasks = [
        [task["task_key"], str(task["state"].get("result_state", _life(task)))] for task in told.get("tasks") or ()
    ]
    page = [["run", told["run_page_url"]]] if told.get("run_page_url") else []
    notes.leave("facts", {"title": f"Run {number}", "rows": page + tasks})
    if told["state"].get("result_state") != "SUCCESS":
        raise _failed(number, told)


def fetch_result(catalog: str, number: str, target: Path) -> None:
    """Fetch the run's summary from the volume; counts go into the summary, no value of a row.

    Raises:
        ActionFailed: it is not there.
    """
    found: dict[str, Any] = {}
    for task in ("gold", "silver"):  # a run that was held has none of gold
        path = f"dbfs:/Volumes/{catalog}/ops/work/runs/{number}/{task}/summary.json"
        done = attempt(["databricks", "fs", "cat", path])
        if done.code == 0:
            found = json.loads(done.out)
            break
    if not found:
        raise ActionFailed(f"the run {number} left no summary", "Look at the run's log in the workspace.")
    result = {
        "status": found["status"],
        "sources": {
            name: {key: int(source[key]) for key in ("read", "written", "duplicate", "stale", "quarantined")}
            for name, source in sorted(found["sources"].items())
        },
        "tables": {name: int(table["rows"]) for name, table in sorted(found["tables"].items())},
    }
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    notes.leave("result", result)


def destroy(environment: str, catalog: str) -> None:
    """Take away the job, the bundle's files, and all tables and views: Terraform destroys no schema that holds some.

    Raises:
        ActionFailed: Databricks refuses.
    """
    run(["databricks", "bundle", "destroy", "--target", environment, "--auto-approve"], _DEPLOY, cwd=BUNDLE)
    for schema in SCHEMAS:
        listed = run_json(["databricks", "tables", "list", catalog, schema, "--output", "json"], _OWNER)
        for table in listed or ():
            run(["databricks", "tables", "delete", str(table["full_name"])], _OWNER)


def _job(environment: str) -> dict[str, Any]:
    told = run_json(
        ["databricks", "bundle", "summary", "--target", environment, "--output", "json"], _DEPLOY, cwd=BUNDLE
    )
    job: dict[str, Any] = told["resources"]["jobs"][JOB]
    if "id" not in job:
        raise ActionFailed("the job is not deployed", _DEPLOY)
    return job


def _run(number: str) -> dict[str, Any]:
    told: dict[str, Any] = run_json(["databricks", "jobs", "get-run", number, "--output", "json"], _LOST)
    return told


def _life(told: dict[str, Any]) -> str:
    return str(told["state"].get("life_cycle_state", ""))


def _failed(number: str, told: dict[str, Any]) -> ActionFailed:
    state = told["state"]
    bad = [task for task in told.get("tasks") or () if task["state"].get("result_state") not in ("SUCCESS", None)]
    said = " ".join(str(one["state"].get("state_message", "")) for one in (*bad, told))
    cure = next(
        (cure for code, cure in _CURES.items() if f"exit code {code}" in said or f"exited with {code}" in said), ""
    )
    names = ", ".join(task["task_key"] for task in bad) or "no task"
    advice = cure or f"Open the run, {told.get('run_page_url', 'in the workspace')}, and read the log of {names}."
    return ActionFailed(f"run {number} ended with {state.get('result_state') or _life(told)} ({names})", advice)

"""The job's workflow, the way back (destroy), the checks and the release, with stand-ins for Azure and Databricks."""

from __future__ import annotations

import json
from typing import Any

import golden
import pytest
from cdp_actions.plans import read
from cdp_dryrun.answers import PLATFORM, RUN, answer, change, happy, outputs, plan
from cdp_dryrun.repository import SECRETS
from cdp_dryrun.server import Server
from dry_run_kit import Dry, Ran

DEV = {"environment": "dev"}


def _job(dry: Dry, *answers: dict[str, Any], **inputs: Any) -> Ran:
    return dry("transformation", {**DEV, **inputs}, only_job="job", answers=[*answers, *happy()])


def test_the_job_is_deployed_and_run(dry: Dry) -> None:
    ran = _job(dry)
    assert ran.outcome == "success"
    done = [" ".join(call.words[:2]) for call in ran.calls if call.tool == "databricks"]
    assert done == [
        *("bundle validate", "bundle deploy", "bundle summary"),
        *("bundle summary", "jobs run-now", "jobs get-run", "jobs get-run", "fs cat"),
    ]
    assert ran.lines("bundle validate", "--strict")
    kept = json.loads((ran.world.workspace / "result.json").read_text(encoding="utf-8"))
    assert kept["tables"] == {"gold.customer_360": 300, "silver.purchases": 940}
    assert ran.lines("uses actions/upload-artifact", "path=result.json")
    assert not ran.leaks() and "********119" not in ran.summary("job")
    golden.check("transformation", ran.summary("job"))


def test_a_run_that_fails_still_gives_its_result(dry: Dry) -> None:
    silver = {"task_key": "silver", "state": {"result_state": "FAILED", "state_message": "exit code 76"}}
    failed = {**RUN, "state": {"life_cycle_state": "TERMINATED", "result_state": "FAILED"}, "tasks": [silver]}
    ran = _job(dry, answer("get-run", out=failed))
    assert ran.outcome == "failure"
    text = ran.summary("job")
    assert "failed at `run`" in text and "When quality holds gold" in text and "Result of the run" in text
    assert ran.lines("uses actions/upload-artifact")


def test_only_a_deployment(dry: Dry) -> None:
    ran = _job(dry, run=False)
    assert ran.outcome == "success" and not ran.lines("run-now")


@pytest.mark.parametrize("sign", ["bundle validate", "bundle deploy", "run-now"])
def test_a_call_that_fails(dry: Dry, sign: str) -> None:
    ran = _job(dry, answer("databricks", sign, code=1, err="Error: no"))
    assert ran.outcome == "failure" and "## What to do next" in ran.summary("job")


def _destroy(dry: Dry, *answers: dict[str, Any], **more: Any) -> Ran:
    gone = plan(change("module.storage.azurerm_storage_account.this", "delete", {"name": "st"}))
    told = [*answers, answer("terraform show", "platform.tfplan", out=gone), *happy()]
    return dry("destroy", {**DEV, "confirmation": "destroy dev"}, answers=told, **more)


def test_the_way_back(dry: Dry) -> None:
    ran = _destroy(dry)
    assert ran.outcome == "success", ran.summary("destroy")
    assert all("-destroy" in line for line in ran.lines("terraform plan"))
    lines = [call.line for call in ran.calls]
    order = [
        "state pull",
        "uses actions/upload-artifact",
        "bundle destroy",
        "tables delete dev.gold.customer_360",
        "lakehouse.tfplan",
        "az resource delete",
        "platform.tfplan",
        "network-rule remove",
    ]
    begin = next(n for n, line in enumerate(lines) if "state pull" in line)
    places = [next(n for n, line in enumerate(lines[begin:]) if sign in line) for sign in order]
    assert places == sorted(places)
    assert "**1** to destroy" in ran.summary("plan")
    assert not ran.leaks()
    removed = [line.rpartition("/providers/")[2] for line in ran.lines("az resource delete --ids")]
    assert [line.partition(" --output")[0] for line in removed] == [
        "microsoft.alertsmanagement/smartDetectorAlertRules/Failure Anomalies - appi-cdp-dev-brs",
        "microsoft.insights/actiongroups/Application Insights Smart Detection",
    ]
    assert "| Failure Anomalies - appi-cdp-dev-brs | removed |" in ran.summary("destroy")


def _outputs(platform: dict[str, Any], lakehouse: dict[str, Any]) -> list[dict[str, Any]]:
    told = {"in:platform": platform, "in:lakehouse": lakehouse}
    return [answer("terraform output", root, out=outputs(values)) for root, values in told.items()]


def test_the_way_back_from_a_lakehouse_that_was_never_whole(dry: Dry) -> None:
    """The first `infrastructure` failed in the lakehouse: what is there of it goes, and the platform goes."""
    ran = _destroy(dry, *_outputs(PLATFORM, {}))
    assert ran.outcome == "success", ran.summary("destroy")
    assert [line.rpartition("/")[2] for line in ran.lines("terraform apply")] == ["lakehouse.tfplan", "platform.tfplan"]
    assert not ran.lines("databricks bundle") and not ran.lines("databricks tables")
    kept = {path.name.partition("-")[0] for path in (ran.world.workspace / "snapshots").iterdir()}
    assert kept == {"platform", "lakehouse"}


def test_the_way_back_from_a_platform_that_was_never_whole(dry: Dry) -> None:
    """It failed before the workspace: without that the lakehouse cannot be planned, and there is none."""
    ran = _destroy(dry, *_outputs({"egress_ip": "203.0.113.20"}, {}), answer("state pull", out=""))
    assert ran.outcome == "success", ran.summary("destroy")
    assert [line.rpartition("/")[2] for line in ran.lines("terraform apply")] == ["platform.tfplan"]
    assert "Plan of lakehouse\n\nNothing is to change." in ran.summary("plan")


def test_the_way_back_a_second_time(dry: Dry) -> None:
    ran = _destroy(dry, *_outputs({}, {}), answer("terraform show", "platform.tfplan", out=plan()))
    assert ran.outcome == "success", ran.summary("destroy")
    assert not ran.lines("terraform apply") and not ran.lines("databricks bundle")


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"environment": "dev", "confirmation": "yes"}, "type exactly: destroy dev"),
        ({"environment": "prod", "confirmation": "destroy dev"}, "type exactly: destroy prod"),
        ({"environment": "prod", "confirmation": "destroy prod"}, "ALLOW_PROD_DESTROY"),
    ],
)
def test_what_is_not_meant_is_not_destroyed(dry: Dry, inputs: dict[str, str], said: str) -> None:
    ran = dry("destroy", inputs)
    assert ran.outcome == "failure" and said in ran.summary("confirm")
    assert ran.jobs["plan"].result == ran.jobs["destroy"].result == "skipped"
    assert {call.tool for call in ran.calls} == {"uses"}


def test_the_way_back_needs_the_plan_that_was_seen(dry: Dry) -> None:
    other = {"platform": read(plan(), SECRETS["STATE_ENCRYPTION_KEY"]).fingerprint, "lakehouse": ""}
    ran = _destroy(dry, only_job="destroy", given_outputs={"plan": other})
    assert "is not what was approved" in ran.summary("destroy") and not ran.lines("terraform apply")


def test_the_checks(dry: Dry) -> None:
    ran = dry("checks", DEV)
    assert ran.outcome == "success" and not ran.leaks()
    golden.check("check-token", ran.summary("token"))
    golden.check("check-roles", ran.summary("roles"))


def test_a_missing_role(dry: Dry) -> None:
    ran = dry("checks", DEV, answers=[answer("roleAssignments", out={"value": []}), *happy()], only_job="roles")
    golden.check("check-roles-missing", ran.summary("roles"))


def test_a_release(dry: Dry, server: Server) -> None:
    ran = dry("release", event_name="push")
    assert ran.outcome == "success"
    ((_, made),) = [one for one in server.asked if one[0].startswith("POST")]
    assert made["tag_name"].startswith("v") and made["target_commitish"] == "a" * 40 and made["body"]
    assert server.tokens[-1] == f"Bearer {SECRETS['GH_PAT_TOKEN']}"


def test_only_main_is_released(dry: Dry) -> None:
    assert dry("release", ref="refs/heads/develop").jobs["release"].result == "skipped"


def test_quality_runs_everything(dry: Dry) -> None:
    ran = dry("quality", event_name="pull_request")
    assert ran.outcome == "success"
    assert [call.words[0] for call in ran.calls if call.tool == "make"] == ["setup", "tools"]
    (line,) = ran.lines("sudo")
    assert line.endswith("make test")


@pytest.mark.parametrize(("private", "paid", "reviewed"), [(False, "", True), (True, "", False), (True, "true", True)])
def test_dependencies_are_reviewed_or_it_is_said(dry: Dry, private: bool, paid: str, reviewed: bool) -> None:
    event = {"repository": {"private": private}}
    given = {"event_name": "pull_request", "event": event, "more_variables": {"CODE_SECURITY": paid}}
    ran = dry("quality", only_job="dependencies", **given)
    assert ran.outcome == "success"
    assert bool(ran.lines("uses actions/dependency-review-action")) == reviewed
    assert ("NOT reviewed" in ran.summary("dependencies")) != reviewed
    assert ("::warning title=Dependencies::" in ran.jobs["dependencies"].log) != reviewed

"""The whole workflow `infrastructure`, with stand-ins for Azure: what is called, in which order, and what is left."""

from __future__ import annotations

import json
from typing import Any

import golden
import pytest
from cdp_actions.plans import read
from cdp_dryrun.answers import PLATFORM, answer, change, happy, outputs, plan
from cdp_dryrun.repository import SECRETS
from cdp_dryrun.server import ADDRESS, Server
from dry_run_kit import Dry, Ran

FIRST = happy(first=True)
DEV = {"environment": "dev"}
FINGERPRINT = read(FIRST[0]["out"], SECRETS["STATE_ENCRYPTION_KEY"]).fingerprint


def _verbs(ran: Ran, *tools: str) -> list[str]:
    return [" ".join((call.tool, *call.words[:2])) for call in ran.calls if call.tool in tools]


@pytest.fixture(scope="module")
def _dries() -> dict[str, Ran]:
    return {}


@pytest.fixture
def first(dry: Dry, _dries: dict[str, Ran]) -> Ran:
    """A first deployment, run once for all that is asked of it."""
    if not _dries:
        _dries["first"] = dry("infrastructure", DEV, answers=FIRST)
    return _dries["first"]


def test_all_jobs_succeed(first: Ran) -> None:
    assert {name: job.result for name, job in first.jobs.items()} == dict.fromkeys(
        ("validate", "plan", "apply"), "success"
    )
    assert not first.leaks()


def test_terraform_is_called_in_this_order(first: Ran) -> None:
    done = [verb.split()[1] for verb in _verbs(first, "terraform")]
    validated = ["fmt", "init", "validate", "init", "validate"]
    planned = ["init", "plan", "show", "init", "output", "init"]  # no platform yet: the lakehouse is not planned
    one = ["init", "plan", "show", "apply", "init", "output"]
    kept = ["-chdir=terraform/platform", "-chdir=terraform/lakehouse"]
    assert done == [*validated, *planned, *one, *one, *kept]


def test_the_states_are_kept_apart(first: Ran) -> None:
    backends = [line.partition("key=")[2].split()[0] for line in first.lines("terraform init", "-backend-config=key")]
    assert (
        backends
        == ["platform.tfstate", "platform.tfstate", "lakehouse.tfstate"]
        + ["platform.tfstate"] * 2
        + ["lakehouse.tfstate"] * 2
    )


def test_the_runner_is_let_in_before_and_shut_out_after(first: Ran) -> None:
    lines = [call.line for call in first.calls]
    added = [number for number, line in enumerate(lines) if "network-rule add" in line and ADDRESS in line]
    removed = [number for number, line in enumerate(lines) if "network-rule remove" in line and f"{ADDRESS}/32" in line]
    written = [
        number for number, line in enumerate(lines) if "secret set" in line or line.startswith("terraform apply")
    ]
    assert len(added) == len(removed) == 2  # in plan and in apply
    assert added[1] < min(written) and max(written) < removed[1]


def test_secrets_go_in_by_files(first: Ran) -> None:
    assert len(first.lines("az keyvault secret set", "--file")) == 6
    assert not first.lines("secret set", "--value")


def test_encrypted_states_are_kept(first: Ran) -> None:
    kept = sorted(path.name for path in (first.world.workspace / "snapshots").iterdir())
    assert [name for name in kept if name.endswith(".gpg")] == [
        "lakehouse-0a1b2c3d-000007.tfstate.gpg",
        "platform-0a1b2c3d-000007.tfstate.gpg",
    ]
    (upload,) = first.lines("uses actions/upload-artifact")
    assert "path=snapshots/" in upload and "retention-days=90" in upload


def test_dashboards_are_imported(first: Ran) -> None:
    assert [line.rpartition("@")[2].split()[0].rpartition("/")[2] for line in first.lines("az grafana")] == [
        "ingestion.json",
        "job.json",
    ]


def test_summaries(first: Ran) -> None:
    golden.check("plan-first", first.summary("plan"))
    golden.check("infrastructure", first.summary("apply"))
    assert "| **sum** |" in first.summary("apply")


def test_only_a_plan(dry: Dry) -> None:
    ran = dry("infrastructure", {**DEV, "apply": False})
    assert ran.jobs["apply"].result == "skipped"
    assert not ran.lines("terraform apply")
    assert "Plan of lakehouse" in ran.summary("plan")


def test_a_pull_request_gets_a_comment(dry: Dry, server: Server) -> None:
    event = {"pull_request": {"number": 12, "head": {"repo": {"full_name": "retailer/platform"}}}}
    ran = dry("infrastructure", event_name="pull_request", event=event, only_job="plan")
    assert ran.outcome == "success"
    (posted,) = [body["body"] for asked, body in server.asked if asked.startswith("POST")]
    assert posted.startswith("<!-- cdp: Plan dev -->") and "**1** to create" in posted and "## Costs" not in posted
    assert f"Bearer {SECRETS['GITHUB_TOKEN']}" in server.tokens


@pytest.mark.parametrize(("repository", "author"), [("somebody", "somebody"), ("retailer", "dependabot[bot]")])
def test_a_pull_request_without_secrets_gets_no_plan(dry: Dry, repository: str, author: str) -> None:
    head = {"repo": {"full_name": f"{repository}/platform"}}
    event = {"pull_request": {"number": 12, "head": head, "user": {"login": author}}}
    ran = dry("infrastructure", event_name="pull_request", event=event)
    assert {name: job.result for name, job in ran.jobs.items()} == {
        "validate": "success",
        "plan": "skipped",
        "apply": "skipped",
    }
    assert not ran.lines("az ")


def _apply(dry: Dry, **more: Any) -> Ran:
    approved = {"plan": {"platform": FINGERPRINT, "lakehouse": "first"}}
    return dry("infrastructure", DEV, only_job="apply", given_outputs=approved, **more)


@pytest.mark.parametrize(
    ("sign", "step"),
    [
        ("uses azure/login", "azure"),
        ("terraform apply", "apply-platform"),
        ("az keyvault secret set", "secrets"),
        ("az keyvault network-rule remove", "shut-out"),
    ],
)
def test_a_call_that_fails(dry: Dry, first: Ran, sign: str, step: str) -> None:
    begin = max(number for number, call in enumerate(first.calls) if "uses actions/checkout" in call.line)
    number = next(number for number, call in enumerate(first.calls[begin:]) if sign in call.line)
    ran = _apply(
        dry, fail_at=number, answers=[answer("terraform output", "in:platform", out=outputs(PLATFORM)), *FIRST]
    )
    assert ran.jobs["apply"].result == "failure"
    assert f"failed at `{step}`" in ran.summary("apply") and "## What to do next" in ran.summary("apply")
    if step not in ("azure", "shut-out"):  # whatever happens, the way in is closed
        assert ran.lines("network-rule remove")
    if step == "secrets":  # what was applied is kept
        assert (ran.world.workspace / "snapshots").is_dir()
    assert not ran.leaks()


def test_what_changed_since_the_plan_is_not_applied(dry: Dry) -> None:
    other = answer("terraform show -json", "platform.tfplan", out=plan(change("azurerm_key_vault.this", "create")))
    ran = _apply(dry, answers=[other, *happy()])
    assert not ran.lines("terraform apply")
    assert "is not what was approved" in ran.summary("apply")


def test_prod_refuses_githubs_runners(dry: Dry) -> None:
    ran = dry("infrastructure", {"environment": "prod"}, only_job="plan")
    assert "failed at `runner`" in ran.summary("plan") and "PROD_RUNNER" in ran.summary("plan")
    assert not ran.lines("az ")


def test_prod_opens_no_firewall(dry: Dry) -> None:
    ran = dry("infrastructure", {"environment": "prod"}, only_job="plan", self_hosted=True)
    assert ran.outcome == "success"
    assert not ran.lines("network-rule")


@pytest.mark.parametrize(("workflow", "confirmation"), [("infrastructure", {}), ("destroy", {"confirmation": "x"})])
def test_prod_is_left_alone_where_nobody_is_asked(
    dry: Dry, server: Server, workflow: str, confirmation: dict[str, str]
) -> None:
    server.replies["GET /repos/retailer/platform/environments/prod"] = (200, {}, {"protection_rules": []})
    ran = dry(workflow, {"environment": "prod", **confirmation}, only_job="plan", self_hosted=True)
    assert "failed at `approval`" in ran.summary("plan") and "ALLOW_UNAPPROVED" in ran.summary("plan")
    assert not ran.lines("az ")


def test_missing_variables_are_named(dry: Dry) -> None:
    ran = dry("infrastructure", DEV, only_job="plan", more_variables={"GROUPS": "", "IDENTITIES": "no JSON"})
    assert "the variable IDENTITIES, GROUPS is empty, or not JSON" in ran.summary("plan")


def test_oidc_needs_no_secret(dry: Dry) -> None:
    given = json.loads(SECRETS["AZURE_CREDENTIALS"])
    del given["clientSecret"]
    secrets = {"AZURE_CREDENTIALS": json.dumps(given)}
    ran = _apply(dry, more_variables={"AZURE_OIDC": "true"}, secrets=secrets)
    assert ran.outcome == "success"
    lines = [call.line for call in ran.calls]
    signed_in = [number for number, line in enumerate(lines) if line.startswith("uses azure/login")]
    assert all("client-id=" in lines[number] and "creds=" not in lines[number] for number in signed_in)
    # and again after the long apply, before the vaults are asked
    applied = next(number for number, line in enumerate(lines) if line.startswith("terraform apply"))
    asked = next(number for number, line in enumerate(lines) if "az keyvault secret" in line)
    assert signed_in[0] < applied < signed_in[1] < asked


def test_drift_that_would_destroy_data_is_told(dry: Dry, server: Server) -> None:
    gone = change("module.storage.azurerm_storage_account.this", "delete", {"name": "st"})
    told = [answer("terraform show -json", "platform.tfplan", out=plan(gone)), *happy()]
    ran = dry("drift", answers=told)
    assert "failed at `drift`" in ran.summary("drift-dev")
    (opened,) = [body for asked, body in server.asked if asked.startswith("POST")]
    assert "`module.storage.azurerm_storage_account.this`" in opened["body"]
    assert not ran.lines("terraform apply")


def test_a_firewall_that_was_opened_is_drift(dry: Dry, server: Server) -> None:
    """One vault lets in this runner alone, the other one somebody else as well."""
    vaults = {"services": [f"{ADDRESS}/32"], "job": [f"{ADDRESS}/32", "203.0.113.66/32"]}
    changes = []
    for name, had in vaults.items():
        rules = [{"network_acls": [{"ip_rules": one}]} for one in (had, [ADDRESS])]
        changes.append(change(f'module.key_vault["{name}"].azurerm_key_vault.this', "update", *rules))
    told = [answer("terraform show -json", "platform.tfplan", out=plan(*changes))]
    ran = dry("drift", answers=[*told, answer("terraform show -json", out=plan()), *happy()])
    assert "failed at `drift`" in ran.summary("drift-dev")
    (opened,) = [body for asked, body in server.asked if asked.startswith("POST")]
    assert 'module.key_vault["job"]' in opened["body"] and 'module.key_vault["services"]' not in opened["body"]


def test_drift_is_told(dry: Dry, server: Server) -> None:
    ran = dry("drift")
    assert ran.outcome == "failure"
    (opened,) = [body for asked, body in server.asked if asked.startswith("POST")]
    assert opened["title"] == "Drift: dev is not what main says" and opened["labels"] == ["drift"]
    assert "dev is not what main says" in ran.summary("drift-dev")

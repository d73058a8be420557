"""A service from its tests to its smoke test, and back if that fails; with stand-ins for Azure."""

from __future__ import annotations

import json
from typing import Any

import golden
import pytest
from cdp_dryrun.answers import DIGEST, answer, happy, invoked
from cdp_dryrun.repository import SECRETS
from cdp_dryrun.server import Server
from built_tools import tool
from dry_run_kit import Dry, Ran

CSV = {"environment": "dev", "service": "csv"}
IMAGE = f"crcdpdevbrsx7k2.azurecr.io/csv-ingestion@{DIGEST}"
BEFORE = answer(
    "helm history",
    out=invoked(0, json.dumps([{"revision": 3, "status": "superseded"}, {"revision": 4, "status": "deployed"}])),
)


@pytest.fixture(autouse=True)
def _helm() -> None:
    """The charts are really packaged."""
    tool("helm")


def _deploy(dry: Dry, *answers: dict[str, Any], inputs: dict[str, str] | None = None, **more: Any) -> Ran:
    """Only the job that deploys, of an image that was pushed."""
    given = {"image": {"image": IMAGE}}
    return dry(
        "service",
        inputs or CSV,
        event_name="workflow_call",
        only_job="deploy",
        given_outputs=given,
        answers=[*answers, *happy()],
        **more,
    )


def _in_cluster(ran: Ran) -> list[str]:
    """The commands that were run in the cluster: their first words."""
    commands = [call.words[call.words.index("--command") + 1].split() for call in ran.calls if "invoke" in call.words]
    return [" ".join(command[:2]) for command in commands]


def test_from_test_to_smoke_test(dry: Dry) -> None:
    ran = dry("service", CSV, event_name="workflow_call")
    assert ran.outcome == "success", "\n".join(job.log for job in ran.jobs.values())
    order = [
        "python -m pytest",
        "docker buildx",
        "uses aquasecurity/trivy-action",
        "uses anchore/sbom-action",
        "docker push",
        "cosign sign",
        "cosign attest",
        "helm package",
        "az aks",
    ]
    lines = [call.line for call in ran.calls]
    places = [next(n for n, line in enumerate(lines) if line.startswith(sign)) for sign in order]
    assert places == sorted(places)
    # nothing of Azure's is at hand while the image is built and looked into
    build = next(n for n, line in enumerate(lines) if line.startswith("docker buildx"))
    scan = next(n for n, line in enumerate(lines) if "trivy" in line)
    assert not [line for line in lines[build:scan] if "azure/login" in line]
    assert f"image-ref=csv-ingestion:{'a' * 40}" in lines[scan]
    assert _in_cluster(ran) == [
        "kubectl apply",
        "helm history",
        "helm upgrade",
        "helm test",
        "kubectl exec",
        "helm history",
    ]
    assert not ran.leaks()
    golden.check("deployment", ran.summary("deploy"))
    golden.check("image", ran.summary("image"))


def test_what_is_sent_to_the_cluster(dry: Dry) -> None:
    ran = _deploy(dry)
    (upgrade,) = ran.lines("helm upgrade")
    assert upgrade.count("--file") == 3
    assert "--atomic --timeout 4m" in upgrade and "--values values-dev.yaml --values deployed.yaml" in upgrade
    names = [part.split()[0].rpartition("/")[2] for part in upgrade.split("--file ")[1:]]
    assert names == ["csv-ingestion-0.1.0.tgz", "values-dev.yaml", "deployed.yaml"]


@pytest.mark.parametrize("sign", ["helm test", "kubectl exec"])
def test_a_failed_smoke_test_rolls_back(dry: Dry, sign: str) -> None:
    ran = _deploy(dry, BEFORE, answer("invoke", sign, out=invoked(1, "pod failed")))
    assert ran.outcome == "failure"
    assert _in_cluster(ran)[-1] == "helm rollback"
    assert "helm rollback csv-ingestion 4 --namespace ingestion --wait" in ran.calls[-1].line
    assert "rolled back to revision 4" in ran.summary("deploy")
    assert "docs/troubleshooting.md, commands 2 and 4" in ran.summary("deploy")
    if sign == "helm test":
        golden.check("rolled-back", ran.summary("deploy"))


def test_a_first_release_that_fails_is_removed(dry: Dry) -> None:
    ran = _deploy(dry, answer("invoke", "helm test", out=invoked(1, "pod failed")))
    assert _in_cluster(ran)[-1] == "helm uninstall"
    assert "it was the first release, and was removed" in ran.summary("deploy")


def test_a_rollback_that_fails_is_told(dry: Dry) -> None:
    bad = [answer("invoke", f"helm {verb}", out=invoked(1, "no")) for verb in ("test", "rollback")]
    text = _deploy(dry, BEFORE, *bad).summary("deploy")
    assert "NOT rolled back" in text and "Roll back by hand" in text


def test_a_rollback_of_which_nothing_is_known_is_told(dry: Dry) -> None:
    lost = answer("invoke", "helm rollback", code=1, err="connection reset")
    text = _deploy(dry, BEFORE, answer("invoke", "helm test", out=invoked(1, "pod failed")), lost).summary("deploy")
    assert (
        "csv-ingestion does not answer" in text
        and "NOT rolled back: it is not known what came of helm rollback" in text
    )


def test_helm_itself_goes_back(dry: Dry) -> None:
    ran = _deploy(dry, BEFORE, answer("invoke", "helm upgrade", out=invoked(1, "Error: timed out")))
    assert _in_cluster(ran)[-1] == "helm upgrade"  # --atomic: nothing is left to do
    assert "helm did not install csv-ingestion" in ran.summary("deploy")


def test_an_upgrade_of_which_nothing_is_known_is_not_repeated(dry: Dry) -> None:
    ran = _deploy(dry, BEFORE, answer("invoke", "helm upgrade", code=1, err="connection reset"))
    assert _in_cluster(ran).count("helm upgrade") == 1
    assert "Look before you repeat it" in ran.summary("deploy")


@pytest.mark.parametrize("sign", ["helm package", "kubectl apply"])
def test_a_call_that_fails(dry: Dry, sign: str) -> None:
    whole = _deploy(dry)
    number = next(n for n, call in enumerate(whole.calls) if sign in call.line)
    ran = _deploy(dry, fail_at=number)
    repeated = sign == "kubectl apply"  # this may be run twice, and then succeeds
    assert ran.outcome == ("success" if repeated else "failure")
    assert repeated or "failed at `deploy`" in ran.summary("deploy")


def test_a_service_without_a_source_is_not_deployed(dry: Dry) -> None:
    ran = _deploy(dry, inputs={"environment": "dev", "service": "api"}, more_variables={"SOURCE_EGRESS": ""})
    assert "SOURCE_EGRESS does not tell where the source of api is" in ran.summary("deploy")
    assert not _in_cluster(ran)


def test_prod_is_reached_from_within(dry: Dry) -> None:
    from cdp_dryrun.answers import PLATFORM, outputs

    inside = {**PLATFORM, "cluster": {**PLATFORM["cluster"], "command_invoke": False}}
    history = answer(
        "helm history",
        turns=[{"code": 1, "err": "Error: release: not found"}, {"out": '[{"revision": 1, "status": "deployed"}]'}],
    )
    told = [answer("terraform output", "in:platform", out=outputs(inside)), history]
    ran = _deploy(dry, *told, inputs={"environment": "prod", "service": "csv"}, self_hosted=True)
    assert ran.outcome == "success"
    assert not ran.lines("invoke")
    assert ran.lines("kubelogin convert-kubeconfig") and ran.lines("kubectl apply --filename /")


def test_a_scan_that_finds_something_stops_all(dry: Dry) -> None:
    ran = dry("service", CSV, event_name="workflow_call", fail_step="scan", only_told={})
    assert {name: job.result for name, job in ran.jobs.items()} == {
        "test": "success",
        "registry": "success",
        "image": "failure",
        "deploy": "skipped",
    }
    assert not ran.lines("uses azure/login", "push")


def test_all_services_are_deployed_by_one_workflow(dry: Dry) -> None:
    ran = dry("ingestion", {"environment": "dev"}, only_told={"choose": {"services": '["database", "api", "csv"]'}})
    assert ran.outcome == "success"
    assert [name for name in ran.jobs if name.endswith("/deploy")] == [
        f"service-{service}/deploy" for service in ("database", "api", "csv")
    ]


def test_a_push_deploys_in_order(dry: Dry) -> None:
    changed = {"infrastructure": "true", "services": '["csv"]', "transformation": "true"}
    told = {"changes": changed, "choose": {"services": '["csv"]'}}
    ran = dry("deploy", event_name="push", only_told=told)
    assert ran.outcome == "success"
    names = [name for name, job in ran.jobs.items() if job.result == "success"]
    assert names == [
        "changes",
        *(f"infrastructure/{job}" for job in ("validate", "plan", "apply")),
        "ingestion/choose",
        *(f"ingestion/service-csv/{job}" for job in ("test", "registry", "image", "deploy")),
        *(f"transformation/{job}" for job in ("test", "job")),
        "status",
    ]


def test_a_push_asks_what_was_deployed_last(dry: Dry, server: Server) -> None:
    ran = dry("deploy", event_name="push", only_job="changes")
    assert ran.outcome == "success" and "| since | not known, so all of it |" in ran.summary("changes")
    assert any("/actions/workflows/deploy.yml/runs" in asked for asked, _ in server.asked)
    assert server.tokens == [f"Bearer {SECRETS['GITHUB_TOKEN']}"]


def test_what_did_not_change_is_passed_over(dry: Dry) -> None:
    told = {"changes": {"infrastructure": "false", "services": "[]", "transformation": "true"}}
    ran = dry("deploy", event_name="push", only_told=told)
    assert ran.outcome == "success"
    assert [name for name, job in ran.jobs.items() if job.result == "success"] == [
        "changes",
        "transformation/test",
        "transformation/job",
        "status",
    ]


def test_nothing_follows_a_failed_infrastructure(dry: Dry) -> None:
    told = {"changes": {"infrastructure": "true", "services": '["csv"]', "transformation": "true"}}
    ran = dry("deploy", event_name="push", only_told=told, fail_step="apply-platform")
    assert ran.outcome == "failure"
    assert ran.jobs["ingestion"].result == ran.jobs["transformation"].result == "skipped"
    assert ran.jobs["status"].result == "success"  # it tells of it


def test_a_new_repository_deploys_nothing(dry: Dry) -> None:
    ran = dry("deploy", event_name="push", more_variables={"SET_UP": ""})
    assert ran.outcome == "success" and {job.result for job in ran.jobs.values()} == {"skipped"}

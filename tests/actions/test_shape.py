"""What every workflow has: no rights on top, few below, a timeout, one run at a time, pins, logic in Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cdp_actions import ENVIRONMENTS, SERVICES
from cdp_actions.commands import COMMANDS, command
from cdp_actions.vaults import GIVEN, MADE
from cdp_dryrun.job import load
from cdp_dryrun.workflow import WORKFLOWS

ROOT = Path(__file__).resolve().parents[2]
ACTIONS = ROOT / ".github" / "actions"
FILES = sorted([*WORKFLOWS.glob("*.yml"), *ACTIONS.glob("*/action.yml")])
WANTED = {"checks", "infrastructure", "ingestion", "transformation", "destroy", "quality", "release", "drift"}
#: Secrets as users know them.
SECRETS = {"DB_KEY", "API_KEY", "AZURE_CREDENTIALS", "GH_PAT_TOKEN", "STATE_ENCRYPTION_KEY"}
#: Lines of shell that are enough without Python.
PLAIN = ("terraform ", "make ", "python3 -m ", ".venv/bin/python -m pytest ", "sudo ")


def _jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS.glob("*.yml"):
        for name, job in load(path)["jobs"].items():
            yield f"{path.stem}/{name}", job


def _steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in _jobs():
        yield from ((name, step) for step in job.get("steps", ()))
    for path in ACTIONS.glob("*/action.yml"):
        action = yaml.safe_load(path.read_text(encoding="utf-8"))
        yield from ((path.parent.name, step) for step in action["runs"]["steps"])


def test_all_workflows_are_there() -> None:
    assert WANTED <= {path.stem for path in WORKFLOWS.glob("*.yml")}
    for name in ("checks", "infrastructure", "ingestion", "transformation", "destroy"):
        assert load(WORKFLOWS / f"{name}.yml")["on"]["workflow_dispatch"]["inputs"]["environment"]["options"] == list(
            ENVIRONMENTS
        )


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.yml")), ids=lambda path: path.stem)
def test_a_workflow(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {}
    assert "group" in workflow["concurrency"]
    destructive = path.stem not in ("checks", "quality")
    assert workflow["concurrency"]["cancel-in-progress"] is not destructive
    assert path.read_text(encoding="utf-8").startswith("# "), "says what it is for"


def test_jobs() -> None:
    for name, job in _jobs():
        assert "permissions" in job, name
        assert ("timeout-minutes" in job) or "uses" in job, name
        text = str(job)
        if "secrets." in text and "uses" not in job:
            assert "environment" in job, f"{name} reads a secret without an environment"


def test_each_right_is_explained() -> None:
    for path in WORKFLOWS.glob("*.yml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.match(r"^      [a-z-]+: (read|write)\b", line):
                assert " # " in line, f"{path.name}: {line}"


def test_actions_of_others_are_pinned() -> None:
    pins: dict[str, set[str]] = {}
    for path in FILES:
        for name, pin in re.findall(r"uses: ([^.\s][^@\s]*)@(.*)", path.read_text(encoding="utf-8")):
            assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pin), f"{path}: {name}@{pin}"
            pins.setdefault(name, set()).add(pin)
    assert all(len(pin) == 1 for pin in pins.values()), "one version of each"


def test_tools_have_one_version() -> None:
    """And helm's is the one that the charts are tested with."""
    found: dict[str, set[str]] = {}
    for _, step in _steps():
        for name, value in (step.get("with") or {}).items():
            if "version" in name:
                found.setdefault(f"{step['uses'].partition('@')[0]} {name}", set()).add(str(value))
    assert all(len(versions) == 1 for versions in found.values()), found
    tools = (ROOT / "scripts" / "tools.py").read_text(encoding="utf-8")
    assert f'"helm.sh/helm/v3/cmd/helm", "{found["azure/setup-helm version"].pop()}"' in tools


def test_secrets_have_the_names_that_people_know() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    assert set(re.findall(r"secrets\.(\w+)", text)) == SECRETS
    assert "secrets: inherit" not in text and "toJSON(secrets)" not in text


def test_client_secrets_are_not_given_to_jobs_that_run_programs_of_others() -> None:
    ours = ("actions/", "azure/", "hashicorp/", "databricks/", "./")
    for name, job in _jobs():
        steps = job.get("steps", ())
        if any((step.get("with") or {}).get("terraform") == "true" for step in steps):
            assert all(step.get("uses", "./").startswith(ours) for step in steps), name


def test_logic_is_python() -> None:
    for name, step in _steps():
        run = str(step.get("run", "")).strip()
        if run:
            assert "\n" not in run, f"{name}: more than a line of shell"
            assert run.startswith(PLAIN), f"{name}: {run}"
            assert "${{" not in run, f"{name}: an expression in shell"


def test_each_command_exists_and_is_used() -> None:
    used = {match for _, step in _steps() for match in re.findall(r"cdp_actions ([a-z-]+)", str(step.get("run", "")))}
    assert used == set(COMMANDS)
    for name in COMMANDS:
        assert callable(command(name))


def test_the_vaults_hold_what_the_charts_mount() -> None:
    """`applicationinsights-connection-string` is Terraform's."""
    wanted = {"applicationinsights-connection-string"}
    for service in SERVICES:
        values = yaml.safe_load((ROOT / "microservices" / service / "helm" / "values.yaml").read_text(encoding="utf-8"))
        wanted |= set(values["secrets"]["objects"].values())
    assert wanted == {*GIVEN.values(), *MADE, "applicationinsights-connection-string"} - {"token-key"}


def test_roots_are_those_of_terraform() -> None:
    from cdp_actions.terraform import ROOTS

    for root, values in ROOTS.items():
        assert (ROOT / "terraform" / root / "main.tf").is_file()
        for environment in ENVIRONMENTS:
            for name in values:
                assert (ROOT / "terraform" / "environments" / environment / f"{name}.tfvars").is_file()

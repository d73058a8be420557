"""The pages name workflows, inputs, secrets and variables as they are, and their shell can be read by a shell."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from cdp_dryrun.job import load
from cdp_dryrun.workflow import WORKFLOWS

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENT = (ROOT / "docs" / "first-deployment.md").read_text(encoding="utf-8")
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in WORKFLOWS.glob("*.yml")}


def test_the_commands_start_workflows_with_inputs_that_they_have() -> None:
    found = re.findall(r"gh workflow run (\w+)\.yml --repo \$REPO(.*)", DEPLOYMENT)
    assert {name for name, _ in found} == {"checks", "infrastructure", "deploy", "transformation", "destroy"}
    for name, options in found:
        inputs = load(WORKFLOWS / f"{name}.yml")["on"]["workflow_dispatch"]["inputs"]
        given = set(re.findall(r"-f (\w+)=", options))
        assert given <= set(inputs)
        assert {key for key, one in inputs.items() if one.get("required")} <= given


def test_sources_let_the_platform_in_before_the_services_come() -> None:
    """The address exists after infrastructure; a service that does not reach its source is not installed."""
    steps = ["run infrastructure.yml", "`egress_ip`", "run deploy.yml", "--from cronjob/database-ingestion-ingest"]
    places = [DEPLOYMENT.index(step) for step in steps]
    assert places == sorted(places)


def test_a_file_gets_in_by_a_right_and_an_address_that_were_given() -> None:
    group = "az ad group create --display-name cdp-inbox-senders"
    steps = ["sender_ip_ranges = [", group, "set GROUPS ", "run infrastructure.yml", "--container-name inbox"]
    places = [DEPLOYMENT.index(step) for step in steps]
    assert places == sorted(places)


def test_main_is_protected_after_the_push_to_it() -> None:
    """Before, a ruleset would refuse it: pull requests only."""
    assert DEPLOYMENT.index("git push") < DEPLOYMENT.index("protect it: pull requests only")
    assert "Protect `main`" not in DEPLOYMENT


def test_secrets_are_removed_on_any_machine() -> None:
    """macOS has no shred, and its xargs long knew no -r."""
    lines = [
        line for block in re.findall(r"```bash\n(.*?)```", DEPLOYMENT, flags=re.DOTALL) for line in block.splitlines()
    ]
    removed = [line for line in lines if line.startswith("shred ")]
    assert removed and all("|| rm -f credentials.json state.key" in line for line in removed)
    assert not [line for line in lines if "xargs -r" in line]


def test_every_secret_and_variable_is_told_and_set() -> None:
    used = {match for text in TEXTS.values() for match in re.findall(r"(?:secrets|vars)\.(\w+)", text)}
    untold = [name for name in used - {"RUNNER_IP_URL"} if f"`{name}`" not in DEPLOYMENT]
    assert not untold
    # optional ones, told in the table
    switches = {
        "SERVICES",
        "RUNNER_IP_URL",
        "AZURE_OIDC",
        "PROD_RUNNER",
        "DRIFT_ENVIRONMENTS",
        "ALLOW_DATA_LOSS",
        "ALLOW_UNAPPROVED",
        "ALLOW_PROD_DESTROY",
        "CODE_SECURITY",
    }
    unset = [name for name in used - switches if not re.search(rf"gh (secret|variable) set {name} ", DEPLOYMENT)]
    assert not unset


def test_the_page_lists_all_workflows() -> None:
    page = (ROOT / "docs" / "workflows.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z]+)` \|", page, flags=re.MULTILINE)) == set(TEXTS)


@pytest.mark.parametrize("block", re.findall(r"```bash\n(.*?)```", DEPLOYMENT, flags=re.DOTALL))
def test_the_shell_can_be_read(block: str) -> None:
    done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_shell_of_the_states_address_does_what_it_says() -> None:
    """The output `backend` of bootstrap becomes backend.hcl, as jq writes it."""
    line = next(line for line in DEPLOYMENT.splitlines() if "terraform output -json backend" in line)
    program = re.search(r"jq -r '([^']+)'", line)
    assert program and program[1] == r'to_entries[] | "\(.key) = \"\(.value)\""'

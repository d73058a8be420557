"""Variables' validations, really run by Terraform: a folder with the variables alone needs no provider."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cdp_terraform import ENVIRONMENTS, TERRAFORM
from cdp_terraform.hcl import blocks, tfvars, units

WITH_TESTS = [folder for folder in units() if list(folder.glob("tests/*.tftest.hcl"))]
VALUES = ("common.tfvars", "platform.tfvars")


def run(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run Terraform there, apart from the person's own settings and plugins."""
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


def variables_alone(folder: Path, target: Path) -> None:
    """Copy what declares variables."""
    for path in folder.glob("variables*.tf"):
        shutil.copy(path, target)


def refusals(folder: Path) -> str:
    """The tests of a folder that expect a variable to refuse, with the values that all runs share."""
    kept = []
    for path in sorted(folder.glob("tests/*.tftest.hcl")):
        parts = re.findall(
            r"^(?:variables|run \"\w+\") \{\n.*?^\}\n", path.read_text(encoding="utf-8"), flags=re.M | re.S
        )
        kept += [part for part in parts if part.startswith("variables") or "expect_failures = [var." in part]
    return "\n".join(kept)


def value_files(environment: str) -> list[str]:
    """Options that name an environment's values, and an example of the identities."""
    folder = TERRAFORM / "environments"
    paths = [*(folder / environment / name for name in VALUES), folder / "identities.example.tfvars"]
    return [f"-var-file={path}" for path in paths]


@pytest.mark.parametrize("folder", WITH_TESTS, ids=lambda folder: folder.name)
def test_wrong_values_are_refused(folder: Path, tmp_path: Path, tool: Callable[[str], str]) -> None:
    wanted = refusals(folder)
    runs = wanted.count('run "')
    if not runs:
        assert not [block for block in blocks(folder, "variable") if "validation" in block.body]
        return
    variables_alone(folder, tmp_path)
    (tmp_path / "all.tftest.hcl").write_text(wanted, encoding="utf-8")
    options = value_files("prod") if folder.name == "platform" else []
    terraform = tool("terraform")
    started = run(tmp_path, [terraform, "init", "-input=false", "-no-color"])
    assert started.returncode == 0, started.stderr
    done = run(tmp_path, [terraform, "test", "-no-color", *options])
    assert f"{runs} passed, 0 failed." in done.stdout, done.stdout + done.stderr


def test_names_keep_to_azures_limits(tmp_path: Path, tool: Callable[[str], str]) -> None:
    """The naming module needs no provider: its own tests run whole."""
    folder = shutil.copytree(TERRAFORM / "modules" / "naming", tmp_path / "naming", ignore=shutil.ignore_patterns(".*"))
    assert run(folder, [tool("terraform"), "init", "-input=false"]).returncode == 0
    done = run(folder, [tool("terraform"), "test", "-no-color"])
    assert "6 passed, 0 failed." in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_environments_values_are_taken(environment: str, tmp_path: Path, tool: Callable[[str], str]) -> None:
    variables_alone(TERRAFORM / "platform", tmp_path)
    done = run(tmp_path, [tool("terraform"), "plan", "-input=false", "-no-color", *value_files(environment)])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_lakehouses_values_are_taken(environment: str, tmp_path: Path, tool: Callable[[str], str]) -> None:
    variables_alone(TERRAFORM / "lakehouse", tmp_path)
    shutil.copy(TERRAFORM / "tests" / "platform-outputs.tfvars", tmp_path)
    values = [f"-var-file={TERRAFORM / 'environments' / environment / 'lakehouse.tfvars'}"]
    command = [tool("terraform"), "plan", "-input=false", "-no-color", "-var-file=platform-outputs.tfvars", *values]
    done = run(tmp_path, command)
    assert done.returncode == 0, done.stdout + done.stderr
    refused = run(tmp_path, [*command, "-var=storage_dfs_host=example.org"])
    assert refused.returncode == 1 and "storage_dfs_host must be" in refused.stderr


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_values_are_variables(environment: str) -> None:
    """Terraform only warns of a value that no variable takes."""
    folder = TERRAFORM / "environments" / environment
    for root, names in {
        "platform": VALUES,
        "lakehouse": ("lakehouse.tfvars",),
        "bootstrap": ("common.tfvars",),
    }.items():
        known = {block.name for block in blocks(TERRAFORM / root, "variable")}
        assert set(tfvars(*(folder / name for name in names))) <= known
    example = tfvars(TERRAFORM / "environments" / "identities.example.tfvars")
    given = set(example) | set(tfvars(*(folder / name for name in VALUES)))
    needed = {block.name for block in blocks(TERRAFORM / "platform", "variable") if "default" not in block.body}
    assert needed <= given

"""tflint and checkov over the code. Each check that is skipped is excused in writing, and is really one that exists."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from cdp_terraform import TERRAFORM
from cdp_terraform.hcl import units

CONFIG = TERRAFORM / ".checkov.yaml"


def test_tflint(tool: Callable[[str], str]) -> None:
    """The bundled rules for Terraform; the ruleset for azurerm cannot be had from a package registry."""
    config = f"--config={TERRAFORM / '.tflint.hcl'}"
    done = subprocess.run(
        [tool("tflint"), "--recursive", config, "--no-color"], cwd=TERRAFORM, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_tflint_finds_faults(tool: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('variable "unused" {\n}\n', encoding="utf-8")
    command = [tool("tflint"), f"--config={TERRAFORM / '.tflint.hcl'}", "--no-color"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and "terraform_unused_declarations" in done.stdout


def _checkov(binary: str, folder: Path, *options: str) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": "", "LOG_LEVEL": "ERROR"}
    command = [
        binary,
        "--directory",
        str(folder),
        "--framework",
        "terraform",
        "--output",
        "json",
        "--compact",
    ]
    done = subprocess.run([*command, *options], capture_output=True, text=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_checkov(tool: Callable[[str], str]) -> None:
    """With prod's values: what only they switch on is looked at too."""
    values = [f"--var-file={TERRAFORM / 'environments' / 'prod' / name}.tfvars" for name in ("common", "platform")]
    found = _checkov(tool("checkov"), TERRAFORM, "--config-file", str(CONFIG), *values)
    failed = [f"{one['check_id']} {one['resource']}: {one['check_name']}" for one in found["results"]["failed_checks"]]
    assert not failed, "\n".join(failed)
    assert found["summary"]["passed"] > 60
    # what it cannot read is not checked: one file, which holds nothing that it has a rule for
    assert found["results"]["parsing_errors"] == [str(TERRAFORM / "modules" / "alerts" / "prometheus.tf")]


def test_each_skip_is_excused() -> None:
    lines = CONFIG.read_text(encoding="utf-8").splitlines()
    skipped = yaml.safe_load("\n".join(lines))["skip-check"]
    told = [line for line in lines if line.strip().startswith("- CKV")]
    assert len(told) == len(skipped) == len(set(skipped))
    for line in told:
        assert len(line.partition("#")[2].strip()) > 20, f"say why: {line}"


def test_no_skip_hides_in_the_code() -> None:
    for folder in units():
        for path in folder.glob("*.tf"):
            assert "checkov:skip" not in path.read_text(encoding="utf-8"), f"{path}: excuse it in {CONFIG.name}"

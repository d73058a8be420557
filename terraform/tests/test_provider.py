"""`terraform validate` and `terraform test` with azurerm's real provider, its calls mocked, where its binary is found.

The binary takes some 20 minutes to build, so that CI does without: set TF_PROVIDER_MIRROR to a folder with
registry.terraform.io/hashicorp/azurerm/5.2.0/linux_amd64/... (terraform/README.md says how to make one).
"""

from __future__ import annotations

import os
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from cdp_terraform import ENVIRONMENTS, TERRAFORM
from cdp_terraform.hcl import blocks, units

MIRROR = Path(os.environ.get("TF_PROVIDER_MIRROR", TERRAFORM.parent / ".tools" / "terraform-mirror"))
PROVIDER = MIRROR / "registry.terraform.io" / "hashicorp" / "azurerm"
# databricks is not on the Go module proxy in a form that builds: its root is held to the schema alone
AZURE = [folder for folder in units() if folder.name not in ("lakehouse", "naming")]


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Terraform's environment, in which it finds the provider in the mirror and nowhere else."""
    if not PROVIDER.is_dir():
        text = (
            f"terraform validate and terraform test of azurerm NOT RUN: no provider in {MIRROR} (terraform/README.md)"
        )
        warnings.warn(text, stacklevel=1)
        pytest.skip(text)
    path = tmp_path_factory.mktemp("terraform") / "cli.tfrc"
    path.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{MIRROR}"\n  }}\n}}\n', encoding="utf-8"
    )
    return {**os.environ, "TF_CLI_CONFIG_FILE": str(path), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}


def _run(folder: Path, environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("folder", AZURE, ids=lambda folder: folder.name)
def test_validate_and_test(folder: Path, config: dict[str, str], tool: Callable[[str], str], tmp_path: Path) -> None:
    terraform = tool("terraform")
    environment = {**config, "TF_DATA_DIR": str(tmp_path)}
    _run(folder, environment, terraform, "init", "-backend=false", "-input=false", "-no-color")
    assert "valid" in _run(folder, environment, terraform, "validate", "-no-color")
    if folder.name == "platform":
        return
    said = _run(folder, environment, terraform, "test", "-no-color")
    assert " 0 failed." in said and not said.endswith("Success! 0 passed, 0 failed.\n")


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_platform_of_each_environment(
    name: str, config: dict[str, str], tool: Callable[[str], str], tmp_path: Path
) -> None:
    terraform, folder = tool("terraform"), TERRAFORM / "platform"
    environment = {**config, "TF_DATA_DIR": str(tmp_path)}
    _run(folder, environment, terraform, "init", "-backend=false", "-input=false", "-no-color")
    values = TERRAFORM / "environments"
    options = [f"-var-file={values / name / part}.tfvars" for part in ("common", "platform")]
    tests = ["environment", *(["prod"] if name == "prod" else [])]
    options += [
        f"-var-file={values / 'identities.example.tfvars'}",
        *(f"-filter=tests/{one}.tftest.hcl" for one in tests),
    ]
    said = _run(folder, environment, terraform, "test", "-no-color", *options)
    assert " 0 failed." in said


def test_every_module_of_azure_has_tests() -> None:
    for folder in units():
        if any(block.type.startswith("azurerm_") for block in blocks(folder, "resource")):
            assert list(folder.glob("tests/*.tftest.hcl")), folder

"""`terraform validate` and `terraform test`, every call to Azure mocked.

By a stand-in for the providers that knows their schemas (terraform/schema/provider), built here by Go; or by the real
azurerm if TF_PROVIDER_MIRROR names a folder with it, which then also judges forms of ids and allowed values.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cdp_terraform import ENVIRONMENTS, TERRAFORM
from cdp_terraform.hcl import blocks, units
from cdp_terraform.schema import SCHEMAS

PROVIDERS = {"hashicorp/azurerm": "5.2.0", "databricks/databricks": "1.128.0"}
MODULES = sorted(path for path in units() if path.parent.name == "modules" and path.name != "naming")


@pytest.fixture(scope="session")
def mirror(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that Terraform takes providers from: the one that is named, or one with the stand-in."""
    if given := os.environ.get("TF_PROVIDER_MIRROR"):
        return Path(given).resolve()
    folder = tmp_path_factory.mktemp("mirror")
    binary = folder / "stand-in"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-trimpath -buildvcs=false"}
    done = subprocess.run(
        [tool("go"), "build", "-o", str(binary), "."], cwd=SCHEMAS, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for name, version in PROVIDERS.items():
        target = folder / "registry.terraform.io" / name / version / "linux_amd64"
        target.mkdir(parents=True)
        os.link(binary, target / f"terraform-provider-{name.split('/')[1]}_v{version}")
    return folder


@pytest.fixture(scope="session")
def config(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Terraform's environment, in which it finds providers in the mirror and nowhere else."""
    path = tmp_path_factory.mktemp("terraform") / "cli.tfrc"
    text = f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
    path.write_text(text, encoding="utf-8")
    used = {block.type for folder in units() for block in blocks(folder, "resource", "data")}
    only = {"STAND_IN_TYPES": ",".join(sorted(used))}  # a thousand types more cost seconds a run
    return {**os.environ, **only, "TF_CLI_CONFIG_FILE": str(path), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}


@pytest.fixture
def terraform(config: dict[str, str], tool: Callable[[str], str], tmp_path: Path) -> Callable[..., str]:
    """Runs Terraform in a copy of a folder of terraform/, so that nothing is left in the repository."""
    copy = shutil.copytree(
        TERRAFORM, tmp_path / "terraform", ignore=shutil.ignore_patterns(".*", "schema", "tools", "*.py")
    )
    environment, binary = {**config, "TF_DATA_DIR": str(tmp_path / "data")}, tool("terraform")

    def run(folder: Path, *command: str) -> str:
        where = copy / folder.relative_to(TERRAFORM)
        done = subprocess.run(
            [binary, *command, "-no-color"], cwd=where, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("folder", MODULES, ids=lambda folder: folder.name)
def test_modules(folder: Path, terraform: Callable[..., str]) -> None:
    terraform(folder, "init", "-backend=false", "-input=false")
    said = terraform(folder, "test")
    assert ", 0 failed." in said and "Success! 0 passed" not in said


@pytest.mark.parametrize("name", ("bootstrap", "lakehouse"))
def test_roots(name: str, terraform: Callable[..., str], mirror: Path) -> None:
    folder = TERRAFORM / name
    if name == "lakehouse" and not (mirror / "registry.terraform.io" / "databricks").is_dir():
        pytest.skip(
            "NOT RUN: the mirror that is named holds no databricks; leave TF_PROVIDER_MIRROR unset for that root"
        )
    terraform(folder, "init", "-backend=false", "-input=false")
    assert "valid" in terraform(folder, "validate")
    assert ", 0 failed." in terraform(folder, "test")


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_platform_of_each_environment(name: str, terraform: Callable[..., str]) -> None:
    folder, values = TERRAFORM / "platform", "../environments"
    terraform(folder, "init", "-backend=false", "-input=false")
    assert "valid" in terraform(folder, "validate")
    options = [f"-var-file={values}/{name}/{part}.tfvars" for part in ("common", "platform")]
    tests = ["environment", *(["prod"] if name == "prod" else [])]
    options += [f"-var-file={values}/identities.example.tfvars", *(f"-filter=tests/{one}.tftest.hcl" for one in tests)]
    said = terraform(folder, "test", *options)
    assert ", 0 failed." in said and "Success! 0 passed" not in said


def test_every_unit_has_tests() -> None:
    for folder in units():
        if list(blocks(folder, "resource")):
            assert list(folder.glob("tests/*.tftest.hcl")), folder

"""How roots and modules are laid out: the rules of Azure Verified Modules that are worth having, and calls that fit."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cdp_terraform import TERRAFORM
from cdp_terraform.hcl import blocks, units

UNITS = [pytest.param(folder, id=str(folder.relative_to(TERRAFORM))) for folder in units()]
ROOTS = ("bootstrap", "platform", "lakehouse")
NAME = re.compile(r"[a-z][a-z0-9_]*")


def test_formatted(tool: Callable[[str], str]) -> None:
    command = [tool("terraform"), "fmt", "-check", "-diff", "-recursive", str(TERRAFORM)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_is_used() -> None:
    used = {(folder / block.body["source"]).resolve() for folder in units() for block in blocks(folder, "module")}
    assert used == {path.resolve() for path in (TERRAFORM / "modules").iterdir()}


@pytest.mark.parametrize("folder", UNITS)
def test_one_terraform_block_in_its_file(folder: Path) -> None:
    (block,) = blocks(folder, "terraform")
    assert block.path.name == "terraform.tf"
    assert block.body["required_version"] == ">= 1.11"
    (providers,) = block.body.get("required_providers", [{}])
    wanted = {"azurerm": "~> 5.2", "databricks": "~> 1.128"}
    for name, pin in providers.items():
        assert pin["version"] == wanted[name]


@pytest.mark.parametrize("folder", UNITS)
def test_only_roots_have_providers_and_backends(folder: Path) -> None:
    is_root = folder.name in ROOTS and folder.parent == TERRAFORM
    assert bool(list(blocks(folder, "provider"))) == is_root
    (block,) = blocks(folder, "terraform")
    assert ("backend" in block.body) == (is_root and folder.name != "bootstrap")


@pytest.mark.parametrize("folder", UNITS)
def test_variables_and_outputs_are_told(folder: Path) -> None:
    for block in blocks(folder, "variable", "output"):
        assert len(block.body.get("description", "")) > 5, block
        assert block.body["description"].endswith("."), block
        assert block.kind == "output" or "type" in block.body, block


@pytest.mark.parametrize("folder", UNITS)
def test_names_are_snake_case(folder: Path) -> None:
    for block in blocks(folder, "resource", "data", "module", "variable", "output"):
        assert NAME.fullmatch(block.name), block


@pytest.mark.parametrize("folder", UNITS)
def test_count_is_a_switch(folder: Path) -> None:
    """for_each else: an index would move resources about when one in the middle goes."""
    for block in blocks(folder, "resource", "data", "module"):
        count = block.body.get("count", "? 1 : 0")
        assert re.search(r"\? (1 : 0|0 : 1)", str(count)), block


@pytest.mark.parametrize("folder", UNITS)
def test_module_calls_fit(folder: Path) -> None:
    """What `terraform validate` finds, without a provider: unknown or missing arguments, outputs not there."""
    calls = {block.name: block for block in blocks(folder, "module")}
    for block in calls.values():
        module = folder / block.body["source"]
        known = {variable.name: "default" in variable.body for variable in blocks(module, "variable")}
        given = set(block.body) - {"source", "for_each", "count", "depends_on", "providers"}
        assert given <= set(known), block
        assert {name for name, has_default in known.items() if not has_default} <= given, block
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.tf"))
    for name, output in re.findall(r"\bmodule\.(\w+)(?:\[[^\]]+\])?\.(\w+)", text):
        outputs = {found.name for found in blocks(folder / calls[name].body["source"], "output")}
        assert output in outputs, f"{folder}: module.{name}.{output}"


@pytest.mark.parametrize("folder", UNITS)
def test_every_variable_is_used(folder: Path) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.tf"))
    for block in blocks(folder, "variable"):
        uses = len(re.findall(rf"\bvar\.{block.name}\b", text))
        own = len(re.findall(rf"\bvar\.{block.name}\b", str(block.body.get("validation", ""))))
        assert uses > own, block
    for local in re.findall(r"\blocal\.(\w+)", text):
        assert any(
            local in found for one in blocks(folder, "locals") for found in [one.body]
        ), f"{folder}: local.{local}"


@pytest.mark.parametrize("folder", UNITS)
def test_every_validation_has_a_test(folder: Path) -> None:
    """`expect_failures` names each variable that refuses something."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("tests/*.tftest.hcl"))
    for block in blocks(folder, "variable"):
        if "validation" in block.body:
            assert f"expect_failures = [var.{block.name}]" in tests, block

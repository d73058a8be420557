"""Every block fits the providers' schemas, and the check finds what does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from cdp_terraform import TERRAFORM
from cdp_terraform.hcl import files
from cdp_terraform.schema import SCHEMAS, check, schemas

CLUSTER = 'resource "azurerm_kubernetes_cluster" "a" {\n'
DYNAMIC = 'resource "azurerm_storage_account" "a" {\n  dynamic "network_rules" {\n    for_each = []\n    content {\n'
GROUP = 'resource "azurerm_resource_group" "this" {\n  name     = "a"\n  location = "b"\n'


def test_all_blocks_fit() -> None:
    found = check(files(TERRAFORM), schemas())
    assert not found.problems
    assert found.blocks > 60


@pytest.mark.parametrize(
    ("text", "problem"),
    (
        ('resource "azurerm_nothing" "this" {\n}\n', "no such type"),
        (f"{GROUP}  colour = 1\n}}\n", "no argument or block named colour"),
        ('resource "azurerm_resource_group" "this" {\n  name = "a"\n}\n', "location is required"),
        ('resource "azurerm_dashboard_grafana" "this" {\n  endpoint = "x"\n}\n', "endpoint is read-only"),
        ('resource "azurerm_kubernetes_cluster" "this" {\n  name = "a"\n}\n', "default_node_pool is required"),
        (
            f'{CLUSTER}  identity {{\n    type = "x"\n  }}\n  identity {{\n    type = "y"\n  }}\n}}\n',
            "2 identity blocks, at most 1",
        ),
        ('resource "databricks_catalog" "a" {\n  default_catalog = "x"\n}\n', "no argument or block named"),
        (f"{DYNAMIC}      bypas = []\n    }}\n  }}\n}}\n", "named bypas"),
    ),
)
def test_finds_faults(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "main.tf"
    path.write_text(text, encoding="utf-8")
    found = check([path], schemas())
    assert any(problem in one for one in found.problems), found.problems


def test_missing_schemas_are_no_success(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing is checked"):
        schemas(tmp_path)


def test_the_schemas_are_the_projects_own() -> None:
    """CI has the project's shared folder beside the clone; a fork has not, hence the copy, compared with it."""
    shared = TERRAFORM.parents[1] / "shared" / "terraform"
    if not shared.is_dir():
        pytest.skip(
            "NOT COMPARED: no ../shared beside this clone; the copy in terraform/schema/provider is used as it is"
        )
    for path in shared.glob("*.schema.json.gz"):
        assert (SCHEMAS / path.name).read_bytes() == path.read_bytes()

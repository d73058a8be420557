"""What is made from the code is as the code is now: `make terraform-docs` writes it anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from cdp_terraform import TERRAFORM, access, cost_page
from cdp_terraform.module_readme import readme, tables
from cdp_terraform.hcl import units


def test_the_table_of_rights_is_current() -> None:
    assert access.PAGE.read_text(encoding="utf-8") == access.page(access.read()), "run make terraform-docs"


def test_the_costs_are_current() -> None:
    assert cost_page.PAGE.read_text(encoding="utf-8") == cost_page.page(), "run make terraform-docs"


@pytest.mark.parametrize("folder", units(), ids=lambda folder: str(folder.relative_to(TERRAFORM)))
def test_readmes_are_current(folder: Path) -> None:
    assert (folder / "README.md").read_text(encoding="utf-8") == readme(folder), "run make terraform-docs"


def test_a_variable_more_is_a_row_more(tmp_path: Path) -> None:
    path = tmp_path / "main.tf"
    path.write_text('variable "a" {\n  type        = map(object({ b = string }))\n  description = "One | two."\n}\n')
    assert "| `a` | map of objects | required | One \\| two. |" in tables(tmp_path)


def test_a_missing_readme_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="write a heading"):
        readme(tmp_path)

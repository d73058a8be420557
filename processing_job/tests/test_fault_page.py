"""docs/faults.md is the fault suite's own, and names tests that are there. Write it anew by `make faults`."""

from __future__ import annotations

import pytest
from fault_page import CASES, ELSEWHERE, PAGE, ROOT


@pytest.mark.parametrize(("path", "function"), ELSEWHERE.values())
def test_what_is_held_elsewhere_is(path: str, function: str) -> None:
    assert f"def {function}(" in (ROOT / path).read_text(encoding="utf-8")


def test_the_page_has_a_row_for_each_case() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    shown = {row[0].removeprefix("| "): row[1] for row in rows if len(row) == 3}
    assert CASES.items() <= shown.items()

"""What the page of the fault suite says is held by other tests, is."""

from __future__ import annotations

import pytest
from fault_page import ELSEWHERE, ROOT


@pytest.mark.parametrize(("path", "function"), ELSEWHERE.values())
def test_what_is_held_elsewhere_is(path: str, function: str) -> None:
    assert f"def {function}(" in (ROOT / path).read_text(encoding="utf-8")

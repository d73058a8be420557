"""Summaries as people see them, kept in golden/: a change of one is looked at. WRITE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    """Compare with golden/NAME.md. Costs have a page and tests of their own, and change with the prices."""
    text = re.sub(r"(?s)(## Costs of \w+\n).*", r"\1\n(the estimate)\n", text)
    path = FOLDER / f"{name}.md"
    if os.environ.get("WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path} differs; if that is meant: WRITE_GOLDEN=1"

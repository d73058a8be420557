"""Where a check finds the command-line tool that it runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_BUILT = Path(__file__).resolve().parents[1] / ".tools" / "bin"


def tool(name: str, anywhere: bool = False) -> str:
    """The path of a tool of scripts/tools.py, or, if it may be from `anywhere`, of the machine's own.

    Where it is missing, the test fails in CI, and is loudly skipped elsewhere.
    """
    path = _BUILT / name
    found = str(path) if path.exists() else shutil.which(name) if anywhere else None
    if not found:
        text = f"{name} is missing: `make tools` puts the pinned one into .tools/"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(f"NOT CHECKED: {text}")
    return found

"""Where a check finds the command-line tool that it runs."""

from __future__ import annotations

import shutil
from pathlib import Path

from unchecked import not_checked

_BUILT = Path(__file__).resolve().parents[1] / ".tools" / "bin"


def tool(name: str, anywhere: bool = False) -> str:
    """The path of a tool of scripts/tools.py, or, if it may be from `anywhere`, of the machine's own.

    Where it is missing, the test fails in CI, and is loudly skipped elsewhere.
    """
    path = _BUILT / name
    found = str(path) if path.exists() else shutil.which(name) if anywhere else None
    if not found:
        not_checked(f"{name} is missing: `make tools` puts the pinned one into .tools/")
    return found

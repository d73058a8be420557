"""Makes terraform/tools importable, finds the tools, and says loudly which of them are missing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "terraform" / "tools"), str(Path(__file__).parent)]


def _found(name: str) -> str | None:
    own = ROOT / ".tools" / "bin" / name
    return str(own) if own.exists() else shutil.which(name)


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """The path of a command-line tool. In CI its absence is a failure, elsewhere a skip that names the cure."""

    def find(name: str) -> str:
        path = _found(name)
        if not path:
            text = f"{name} is not installed: `make tools` puts the pinned one into .tools/"
            if os.environ.get("CI"):
                pytest.fail(text)
            pytest.skip(f"NOT CHECKED: {text}")
        return path

    return find

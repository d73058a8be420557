"""Makes terraform/tools importable, finds the tools, and says loudly which of them are missing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "terraform" / "tools"), str(Path(__file__).parent), str(ROOT / "tests")]

from built_tools import tool as built_tool  # noqa: E402


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """The path of a command-line tool. In CI its absence is a failure, elsewhere a skip that names the cure."""
    return partial(built_tool, anywhere=True)

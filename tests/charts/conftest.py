"""Makes this folder's helpers importable; the charts are packaged once for all of its tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from charts import Charts  # noqa: E402


@pytest.fixture(scope="session")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Charts:
    """The packages of the three charts, and helm."""
    return Charts(tmp_path_factory.mktemp("charts"))

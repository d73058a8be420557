"""Makes the helpers of these tests importable, and isolates tests from the settings of whoever runs them."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from csv_world import World  # noqa: E402  (needs the path)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("CSV_") or name in ("RAW_URL", "HOST", "SERVICE_TOKEN", "SECRETS_DIR", "LOG_LEVEL"):
            monkeypatch.delenv(name)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A drop folder and a raw lake on the disk, both empty."""
    return World(tmp_path)

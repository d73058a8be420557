"""Makes the helpers of these tests importable, and isolates tests from the settings of whoever runs them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from api_servers import PartnerServer, ScriptedServer  # noqa: E402  (found by the line above)

_SHARED = {"RAW_URL", "HOST", "PORT", "SERVICE_TOKEN", "SECRETS_DIR", "LOG_LEVEL"}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("API_") or name in _SHARED:
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def partner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PartnerServer]:
    """The sample partner API in a process of its own; `write` replaces what it serves."""
    with PartnerServer(tmp_path_factory.mktemp("partner")) as server:
        yield server


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[ScriptedServer]:
    """A server that answers as told, in a process of its own."""
    with ScriptedServer(tmp_path / "scripted") as server:
        yield server


@pytest.fixture
def other_host(tmp_path: Path) -> Iterator[ScriptedServer]:
    """A second such server, to which nothing must be sent."""
    with ScriptedServer(tmp_path / "other") as server:
        yield server

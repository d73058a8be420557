"""Makes the helpers of these tests importable, and isolates tests from the settings of whoever runs them."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

_SETTINGS = ("RAW_URL", "HOST", "PORT", "SERVICE_TOKEN", "SECRETS_DIR", "LOG_LEVEL", "ADLS_ACCOUNT_KEY")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)
    assert "RAW_URL" not in os.environ


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was left out: a check that nobody notices to be missing is none."""
    from lake_cases import not_run

    message = not_run(os.environ)
    if message:
        terminalreporter.write_line(message, yellow=True, bold=True)

"""The demo learns from each process where it listens."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from demo.errors import DemoError
from demo.processes import Interrupts, Processes
from demo.services import address_of, clean_environment

_SERVES = """
import json, socket, sys, time
listener = socket.create_server(("127.0.0.1", 0))
print("not JSON, yet serving", file=sys.stderr)
print(json.dumps({"event": "serving", "port": listener.getsockname()[1]}), file=sys.stderr, flush=True)
time.sleep(600)
"""


def test_each_process_takes_a_port_of_its_own(tmp_path: Path) -> None:
    with Interrupts() as interrupts, Processes(tmp_path, interrupts) as processes:
        children = [processes.start(f"service-{number}", [sys.executable, "-c", _SERVES], {}) for number in range(5)]
        addresses = {address_of(child) for child in children}
    assert len(addresses) == 5


def test_the_settings_of_ones_own_shell_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """LOG_LEVEL=ERROR would hide the line that says on which port a service listens."""
    for name in ("LOG_LEVEL", "PORT", "DB_TABLE", "ETL_RAW_PATH"):
        monkeypatch.setenv(name, "ERROR")
    assert not {"LOG_LEVEL", "PORT", "DB_TABLE", "ETL_RAW_PATH"} & clean_environment().keys()


def test_one_that_ends_before_it_listens_is_told_with_its_log(tmp_path: Path) -> None:
    with Interrupts() as interrupts, Processes(tmp_path, interrupts) as processes:
        child = processes.start("short", [sys.executable, "-c", "import sys; sys.exit(78)"], {})
        with pytest.raises(DemoError, match=r"short ended early with exit code 78"):
            address_of(child)

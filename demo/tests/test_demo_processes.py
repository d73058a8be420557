"""Nothing that the demo starts outlives it: whole process groups end, by whatever way the demo ends."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from demo.errors import DemoError, Stopped
from demo.processes import Interrupts, Processes

#: Starts a grandchild, says so, and waits.
_PARENT = "import subprocess, sys, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"
#: Does not care for SIGTERM.
_STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"


def _wait_for_line(path: Path) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.exists() and "\n" in (text := path.read_text()):
            return text.strip()
        time.sleep(0.02)
    raise AssertionError(f"nothing was written to {path.name}")


def _alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_group_ends_with_all_its_descendants(tmp_path: Path) -> None:
    with Interrupts() as interrupts, Processes(tmp_path, interrupts) as processes:
        child = processes.start("parent", [sys.executable, "-c", _PARENT], {})
        grandchild = int(_wait_for_line(tmp_path / "parent.out"))
        assert child.running and _alive(grandchild)
    assert not child.running
    assert not _alive(grandchild)


def test_a_grandchild_ends_even_if_its_parent_died_first(tmp_path: Path) -> None:
    with Interrupts() as interrupts, Processes(tmp_path, interrupts) as processes:
        child = processes.start("parent", [sys.executable, "-c", _PARENT], {})
        grandchild = int(_wait_for_line(tmp_path / "parent.out"))
        child.popen.kill()
        child.popen.wait()
        assert _alive(grandchild)
    assert not _alive(grandchild)


def test_what_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    with Interrupts() as interrupts, Processes(tmp_path, interrupts, grace=0.2) as processes:
        child = processes.start("stubborn", [sys.executable, "-c", _STUBBORN], {})
        _wait_for_line(tmp_path / "stubborn.out")
    assert child.popen.returncode == -signal.SIGKILL


def test_an_error_stops_everything_too(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Interrupts() as interrupts, Processes(tmp_path, interrupts) as processes:
        child = processes.start("parent", [sys.executable, "-c", _PARENT], {})
        raise ZeroDivisionError
    assert not child.running


def test_an_early_end_is_told_with_its_log(tmp_path: Path) -> None:
    with Interrupts() as interrupts, Processes(tmp_path, interrupts) as processes:
        child = processes.start("short", [sys.executable, "-c", "import sys; sys.exit('no such table')"], {})
        child.popen.wait()
        with pytest.raises(DemoError, match=r"short ended early with exit code 1.\nIts log: .*short\.log"):
            child.check()
    assert "no such table" in (tmp_path / "short.log").read_text()


def test_a_missing_program_is_told_with_what_to_do(tmp_path: Path) -> None:
    with Interrupts() as interrupts, Processes(tmp_path, interrupts) as processes:
        with pytest.raises(DemoError, match="make setup"):
            processes.start("missing", [str(tmp_path / "no-such-program")], {})


def test_a_signal_while_something_is_held_comes_after_it() -> None:
    done = []
    with Interrupts() as interrupts:
        with pytest.raises(Stopped) as stopped:
            with interrupts.held():
                signal.raise_signal(signal.SIGTERM)
                done.append("the block")
            done.append("never")
        assert done == ["the block"]
        assert stopped.value.exit_code == 128 + signal.SIGTERM


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_what_a_child_writes_can_be_read_while_it_runs(tmp_path: Path) -> None:
    script = "import sys, time; print('out', flush=True); print('err', file=sys.stderr, flush=True); time.sleep(600)"
    with Interrupts() as interrupts, Processes(tmp_path, interrupts) as processes:
        child = processes.start("talker", [sys.executable, "-c", script], {})
        _wait_for_line(tmp_path / "talker.log")
        assert child.written() == "out\nerr\n"

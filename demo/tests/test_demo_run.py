"""The demo itself, through real processes: twice over, interrupted, and failing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from demo.workspace import Workspace

ROWS = 3_000
_COMMAND = [sys.executable, "-m", "demo", "--rows", str(ROWS), "--seed", "5", "--home"]

#: A locale that need not be installed, a zone three hours from UTC, a Java that writes 1.234,56.
_BRAZIL = {
    "LC_ALL": "pt_BR.UTF-8",
    "TZ": "America/Sao_Paulo",
    "JAVA_TOOL_OPTIONS": "-Duser.language=pt -Duser.country=BR",
}


def _environment(**settings: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | settings


@contextmanager
def _home() -> Iterator[Path]:
    """A directory of our own: each start of pytest closes pytest's own root to others, PostgreSQL's user among them."""
    with tempfile.TemporaryDirectory(prefix="demo-") as home:
        yield Path(home)


@pytest.fixture
def home() -> Iterator[Path]:
    with _home() as path:
        yield path


@pytest.fixture(scope="module")
def runs() -> Iterator[tuple[Path, list[subprocess.CompletedProcess[str]]]]:
    """Two runs over one directory, as on a Brazilian's machine."""
    with _home() as home:
        space = Workspace.of(home / "área de trabalho", ROWS, 5)
        command = [*_COMMAND, str(space.root.parent)]
        env = _environment(**_BRAZIL)
        yield space.root, [
            subprocess.run(command, capture_output=True, text=True, env=env, timeout=900) for _ in range(2)
        ]
        shutil.rmtree(space.pgdata)


def test_the_first_run_ends_as_planted(runs: tuple[Path, list[subprocess.CompletedProcess[str]]]) -> None:
    space, (first, _) = runs
    assert first.returncode == 0, first.stdout + first.stderr
    assert "✗" not in first.stdout
    for title in ("Volume per source", "Quarantine by reason", "Top stores", "Reconciliation", "Leak scan", "Timings"):
        assert title in first.stdout
    assert (space / "report" / "report.html").stat().st_size > 10_000


def test_each_source_ends_as_planted(runs: tuple[Path, list[subprocess.CompletedProcess[str]]]) -> None:
    space, _ = runs
    summaries = [json.loads(path.read_text()) for path in (space / "report" / "runs").glob("*/summary.json")]
    (first,) = [summary for summary in summaries if summary["sources"]]
    planted = json.loads((space / "data" / "expected.json").read_text())["sources"]
    assert planted["csv"]["ragged"] > 0
    for name, source in planted.items():
        got = first["sources"][name]
        assert (got["read"], got["written"]) == (source["raw_rows"], source["written"]), name
        assert (got["duplicate"], got["stale"]) == (source["pairs"]["duplicate"], source["pairs"]["stale"]), name
        assert (got["quarantined"], got["reasons"]) == (source["quarantined"], source["reasons"]), name


def test_the_second_run_changes_nothing(runs: tuple[Path, list[subprocess.CompletedProcess[str]]]) -> None:
    _, (_, second) = runs
    assert second.returncode == 0, second.stdout + second.stderr
    assert "Nothing new was ingested and no table changed." in second.stdout
    assert "changed " not in second.stdout.replace("unchanged ", "")


def test_no_output_shows_a_secret_or_a_clear_value(
    runs: tuple[Path, list[subprocess.CompletedProcess[str]]],
) -> None:
    space, done = runs
    said = "".join(run.stdout + run.stderr for run in done)
    for secret in (path for path in (space / "secrets").rglob("*") if path.is_file() and path.name != "database_url"):
        assert secret.read_text() not in said
    for line in (space / "data" / "partner.jsonl").read_text(encoding="utf-8").splitlines()[:200]:
        record = json.loads(line)
        for value in (record["customer"]["document"], record["customer"]["email"], record["payment"]["card"]):
            assert not value or value not in said


class Started:
    """A demo in the background, and what it started."""

    def __init__(self, home: Path) -> None:
        self.logs = home / f"rows-{ROWS}-seed-5" / "logs"
        self.demo = psutil.Popen(
            [*_COMMAND, str(home)],
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.seen: dict[int, psutil.Process] = {}

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Look at the processes until `ready`."""
        deadline = time.monotonic() + 120
        while not ready():
            assert self.demo.poll() is None, self.demo.stdout.read()
            assert time.monotonic() < deadline, "the demo did not get there"
            self.look()
            time.sleep(0.05)
        self.look()

    def look(self) -> None:
        """Note what runs now below the demo, PostgreSQL included."""
        for process in self.demo.children(recursive=True):
            self.seen[process.pid] = process
        pid_file = self.logs.parent / "pgdata" / "postmaster.pid"
        if pid_file.exists() and (text := pid_file.read_text()):
            try:
                postmaster = psutil.Process(int(text.split()[0]))
                self.seen[postmaster.pid] = postmaster
            except (psutil.NoSuchProcess, ValueError):
                pass

    def running(self, name: str) -> bool:
        """True if a child's command line holds `name`."""
        self.look()
        return any(name in argument for process in self.seen.values() for argument in _command_line(process))

    def left(self) -> list[str]:
        """Names of processes that outlived the demo."""
        return [process.name() for process in self.seen.values() if _alive(process)]


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def started(home: Path) -> Iterator[Started]:
    demo = Started(home)
    yield demo
    if demo.demo.poll() is None:
        demo.demo.kill()


def test_ctrl_c_among_the_services_leaves_nothing(started: Started) -> None:
    started.wait_until(lambda: (started.logs / "csv-ingestion.log").exists())
    assert len(started.seen) >= 5
    started.demo.send_signal(signal.SIGINT)
    said, _ = started.demo.communicate(timeout=60)
    assert started.demo.returncode == 128 + signal.SIGINT
    assert "Stopped by SIGINT" in said
    assert started.left() == []


def test_sigterm_during_the_job_stops_spark_too(started: Started) -> None:
    started.wait_until(lambda: started.running("org.apache.spark.deploy.SparkSubmit"))
    started.demo.send_signal(signal.SIGTERM)
    started.demo.communicate(timeout=60)
    assert started.demo.returncode == 128 + signal.SIGTERM
    assert started.left() == []


def test_a_failing_service_is_named_with_its_log_and_nothing_is_left(home: Path) -> None:
    batch = home / f"rows-{ROWS}-seed-5" / "lake" / "raw" / "api" / "customers" / f"batch={1:020d}"
    batch.mkdir(parents=True)
    (batch / "_manifest.json").write_text("{")
    started = Started(home)
    started.wait_until(lambda: (started.logs / "csv-ingestion.log").exists())
    said, _ = started.demo.communicate(timeout=120)
    assert started.demo.returncode == 1
    assert "api-ingestion" in said and str(started.logs / "api-ingestion.log") in said.replace("\n", "")
    assert started.left() == []


def test_a_failing_job_says_why(home: Path) -> None:
    key = home / f"rows-{ROWS}-seed-5" / "secrets" / "token.key"
    key.parent.mkdir(parents=True)
    key.write_text("short")
    done = subprocess.run([*_COMMAND, str(home)], capture_output=True, text=True, env=_environment(), timeout=300)
    assert done.returncode == 1
    assert "The job failed with exit code 78. CONFIGURATION_INVALID" in done.stdout
    assert "etl-customers.log" in done.stdout


def test_a_second_demo_in_the_same_place_is_refused(started: Started, home: Path) -> None:
    started.wait_until(lambda: started.running("database-ingestion"))
    second = subprocess.run([*_COMMAND, str(home)], capture_output=True, text=True, env=_environment())
    assert second.returncode == 1
    assert "Another demo works in" in second.stdout
    started.demo.send_signal(signal.SIGTERM)
    started.demo.communicate(timeout=60)
    assert started.left() == []


def test_a_database_that_does_not_answer_ends_the_demo(home: Path) -> None:
    url = "postgresql://someone:hunter2@127.0.0.1:1/none"
    done = subprocess.run([*_COMMAND, str(home)], capture_output=True, text=True, env=_environment(DATABASE_URL=url))
    assert done.returncode == 1
    assert "does not answer" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr

"""A run that is to end while a query of it waits within the driver, where Python looks at nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from ingestion_kernel.application.helpers.interruption import Interruption
from ingestion_kernel.domain.exceptions import RunCancelled

#: Counted in seconds: how long the query would wait, and how long a test waits for it to begin.
_LOCK_TIMEOUT, _PATIENCE = 600, 30


@pytest.fixture
def queries_wait(customers: Any) -> Iterator[Callable[[int], None]]:
    """Locks the service's table; to be called: returns once so many queries wait for it."""
    locker, watcher = customers.connect(), customers.connect()
    watcher.autocommit = True
    locker.cursor().execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
    cursor = watcher.cursor()

    def wait(count: int) -> None:
        end = time.monotonic() + _PATIENCE
        while True:
            cursor.execute(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if len(cursor.fetchall()) == count:
                return
            assert time.monotonic() < end, f"never {count} queries"
            time.sleep(0.02)

    yield wait
    locker.close()


@contextmanager
def silenced(customers: Any) -> Iterator[None]:
    """The database as if its host hung: it takes connections and says nothing, while queries run on."""
    with customers.connect().cursor() as cursor:
        cursor.execute("SHOW data_directory")
        folder = cursor.fetchone()[0]
    postmaster = int((Path(folder) / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(postmaster, signal.SIGCONT)


@pytest.mark.parametrize(
    ("number", "silent"), [(signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGTERM, True)]
)
def test_a_signal_ends_the_query(
    customers: Any, queries_wait: Callable[[int], None], tmp_path: Path, number: signal.Signals, silent: bool
) -> None:
    environment = {
        **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
        "RAW_URL": str(tmp_path),
        "DATABASE_URL": customers.url(),
        "DB_TABLE": "public.customers",
        "DB_LOCK_TIMEOUT_SECONDS": str(_LOCK_TIMEOUT),
    }
    command = [sys.executable, "-m", "database_ingestion.interfaces.main", "ingest"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            queries_wait(1)
            with silenced(customers) if silent else nullcontext():
                process.send_signal(number)
                output, log = process.communicate(timeout=_PATIENCE)
        finally:
            process.kill()
    assert (process.returncode, json.loads(output)["error"]["code"]) == (75, "RUN_INTERRUPTED")
    assert json.loads(log.splitlines()[-1])["event"] == "run_failed"
    if silent:
        queries_wait(0)  # the database has noticed by itself


def test_a_run_that_is_cancelled_ends_its_query(
    customers: Any, queries_wait: Callable[[int], None], ingestion: Any
) -> None:
    asked = Interruption()

    def cancel() -> None:
        queries_wait(1)
        asked.drop_batch(RunCancelled("the run was cancelled"))

    other = threading.Thread(target=cancel)
    other.start()
    run = ingestion.run(database_url=customers.url(), db_lock_timeout_seconds=_LOCK_TIMEOUT, interruption=asked)
    other.join()
    assert run.error.code == "RUN_CANCELLED"

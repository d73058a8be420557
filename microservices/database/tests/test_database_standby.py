"""A true standby, made by pg_basebackup: what it can tell, and what it takes away."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from database_ingestion.domain.exceptions import BatchSetAside
from database_ingestion.interfaces.main import build_source
from ingestion_kernel.domain.batch import Mode
from postgres_servers import OWN_BIN, Server, folder_for_servers

TABLE = "CREATE TABLE customers (id bigint PRIMARY KEY, customer_id text, cpf text, updated_at timestamptz)"
FILL = """
INSERT INTO customers SELECT n, 'C', '1', timestamptz '2025-01-01' + n * interval '1 s' FROM generate_series(1, 30) n
"""
CONFLICTS = "SELECT sum(confl_snapshot) FROM pg_stat_database_conflicts"


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    """A primary and its standby, which lets nobody hold up the replay."""
    with folder_for_servers() as folder:
        primary, standby = Server(OWN_BIN, folder / "primary"), Server(OWN_BIN, folder / "standby")
        primary.init()
        with primary.running(max_prepared_transactions="4"):
            source = f"host={primary.data} port={primary.port} user=postgres"
            standby.command("pg_basebackup", "-D", str(standby.data), "-R", "-c", "fast", "-d", source)
            with standby.running(max_prepared_transactions="4", max_standby_streaming_delay="0"):
                yield primary, standby


@pytest.fixture
def pair(servers: tuple[Server, Server]) -> Iterator[tuple[Server, Server]]:
    primary, standby = servers
    primary.execute(TABLE)
    primary.execute(FILL)
    _caught_up(primary, standby)
    yield primary, standby
    primary.execute("DROP TABLE customers")


def _caught_up(primary: Server, standby: Server) -> None:
    _until(lambda: _is_caught_up(primary, standby))


def _is_caught_up(primary: Server, standby: Server) -> bool:
    (end,) = primary.execute("SELECT pg_current_wal_flush_lsn()")[0]
    return bool(standby.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [end])[0][0])


def _is_held_up(primary: Server, standby: Server) -> bool:
    """True if the replay stands still: it ends a reader that is sending only once that has sent (PostgreSQL 18)."""
    for _ in range(10):
        if _is_caught_up(primary, standby):
            return False
        time.sleep(0.1)
    return True


def _until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("moment", ["between two batches", "amid a batch"])
def test_a_conflict_with_recovery_loses_no_row(pair: Any, ingestion: Any, caplog: Any, mode: Mode, moment: str) -> None:
    primary, standby = pair
    primary.execute("UPDATE customers SET cpf = repeat('x', 200000)")  # more than the sockets hold
    _caught_up(primary, standby)
    before = standby.execute(CONFLICTS)
    settings = ingestion.settings(database_url=standby.url(), db_batch_max_rows=10)
    taken: list[str] = []

    def conflict() -> None:
        """Rows that are taken already, and that the snapshot still shows, go on the primary and then on the standby."""
        primary.execute("DELETE FROM customers WHERE id <= 5")
        primary.execute("VACUUM customers")
        _until(lambda: standby.execute(CONFLICTS) != before or _is_held_up(primary, standby))

    with build_source(settings).pending(mode, None) as batches:
        for batch in batches:
            ids: list[str] = []
            amid = conflict if moment.startswith("amid") and len(taken) == 10 and not caplog.text else None
            try:
                batch.extract(_Ids(ids, amid))
            except BatchSetAside:
                continue
            taken += ids
            if moment.startswith("between") and len(taken) == 10:
                conflict()
    assert "new snapshot" in caplog.text
    assert sorted(taken, key=int) == [str(n) for n in range(1, 31)]


class _Ids:
    """A sink that keeps ids; `amid` is called once, before the first rows are taken."""

    def __init__(self, ids: list[str], amid: Callable[[], None] | None) -> None:
        self._ids = ids
        self._amid = amid

    def write(self, data: bytes, rows: int = 1) -> None:
        if self._amid is not None:
            self._amid()
            self._amid = None
        self._ids += [json.loads(line)["id"] for line in data.splitlines()]


def test_a_standby_holds_back_by_the_lag(pair: Any, ingestion: Any, caplog: Any) -> None:
    """It does not show the primary's transactions, even to a superuser."""
    primary, standby = pair
    primary.execute("UPDATE customers SET updated_at = now() WHERE id = 30")
    _caught_up(primary, standby)
    with caplog.at_level("INFO"):
        assert ingestion.run(database_url=standby.url()).rows_written == 29
    assert "cannot be seen" in caplog.text
    assert ingestion.run(database_url=standby.url(), db_cursor_lag_seconds=0).rows_written == 1


def test_numbers_need_a_declared_lag_on_a_standby(pair: Any, ingestion: Any) -> None:
    _, standby = pair
    refused = ingestion.run(database_url=standby.url(), db_cursor_column="id")
    assert refused.error.code == "CONFIGURATION_INVALID"
    assert "DB_CURSOR_LAG_NUMBERS" in refused.error.advice
    assert ingestion.run(database_url=standby.url(), db_cursor_column="id", db_cursor_lag_numbers=5).rows_written == 25


def test_several_connections_read_one_snapshot_of_a_standby(pair: Any, ingestion: Any) -> None:
    _, standby = pair
    run = ingestion.run(Mode.FULL, database_url=standby.url(), db_parallel=2)
    assert (run.error, run.rows_written) == (None, 30)


def test_a_prepared_transaction_counts_as_a_writer(pair: Any, ingestion: Any) -> None:
    primary, _ = pair
    settings = {"database_url": primary.url(), "db_cursor_column": "id"}
    primary.execute("INSERT INTO customers VALUES (102, 'C', '1', now())")
    primary.execute("BEGIN; INSERT INTO customers VALUES (101, 'C', '1', now()); PREPARE TRANSACTION 'late'")
    try:
        run = ingestion.run(**settings, db_writer_wait_seconds=0.1)
        assert (run.rows_written, run.error.code) == (0, "SOURCE_UNAVAILABLE")
    finally:
        primary.execute("COMMIT PREPARED 'late'")
    assert ingestion.run(**settings).rows_written == 32

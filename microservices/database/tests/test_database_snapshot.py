"""One snapshot for all that a run sees; what the session is pinned to; snapshots that are lost; several connections."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from copied_rows import Kept
from database_ingestion.application.services.table_plan import TablePlan
from database_ingestion.application.services.table_settings import TableSettings
from database_ingestion.domain.exceptions import BatchSetAside, SnapshotLost
from database_ingestion.domain.ports.database import Heap
from database_ingestion.domain.record import RecordForm
from database_ingestion.domain.slices import Cursor, Position, Slice, Unordered, Window
from database_ingestion.domain.table import ContractColumns, TableName
from database_ingestion.infrastructure.ingestion.postgres_errors import query_fault
from database_ingestion.interfaces.main import build_source
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.exceptions import SourceDataInvalid
from ingestion_kernel.domain.run import RunStatus

ROWS = """
INSERT INTO customers SELECT n, 'C', '1', 'p', 1, timestamptz '2025-01-01' + n * interval '1 s'
FROM generate_series({}, {}) AS n
"""


@pytest.mark.parametrize("mode", list(Mode))
def test_rows_that_come_and_go_meanwhile_are_not_seen(customers, ingestion, mode: Mode) -> None:
    customers.execute(ROWS.format(1, 10))
    source = build_source(ingestion.settings(database_url=customers.url(), db_batch_max_rows=4))
    taken = []
    with source.pending(mode, None) as batches:
        for batch in batches:
            sink = Kept()
            batch.extract(sink)
            taken += [json.loads(line)["id"] for line in sink.data.splitlines()]
            customers.execute("DELETE FROM customers WHERE id > 8")
            customers.execute("UPDATE customers SET product = 'x' WHERE id = 7")
            customers.execute(ROWS.format(100 + len(taken), 100 + len(taken)))
    assert sorted(taken, key=int) == [str(n) for n in range(1, 11)]


def test_the_session_is_pinned_read_only_and_named(customers, ingestion) -> None:
    """Asked of the server, while a batch is being read."""
    for name, value in {"TimeZone": "Asia/Tokyo", "IntervalStyle": "postgres", "extra_float_digits": "0"}.items():
        customers.execute(f"ALTER ROLE ingest IN DATABASE {customers.name} SET {name} = '{value}'")
    names = [
        *("TimeZone", "DateStyle", "IntervalStyle", "extra_float_digits", "bytea_output", "client_encoding"),
        *("transaction_isolation", "transaction_read_only", "application_name", "statement_timeout", "lock_timeout"),
        *("idle_in_transaction_session_timeout",),
    ]
    shown = ", ".join(f"current_setting('{name}') AS \"{name.lower()}\"" for name in names)
    customers.execute(f"CREATE VIEW seen AS SELECT *, {shown} FROM customers")
    customers.execute(ROWS.format(1, 1))
    settings = {"db_table": "seen", "db_statement_timeout_seconds": 60, "db_lock_timeout_seconds": 7}
    assert ingestion.run(database_url=customers.url(), **settings).rows_written == 1
    (record,) = ingestion.records()
    assert {name.lower(): record[name.lower()] for name in names} == {
        "timezone": "UTC",
        "datestyle": "ISO, YMD",
        "intervalstyle": "iso_8601",
        "extra_float_digits": "1",
        "bytea_output": "hex",
        "client_encoding": "UTF8",
        "transaction_isolation": "repeatable read",
        "transaction_read_only": "on",
        "application_name": "database-ingestion",
        "statement_timeout": "1min",
        "lock_timeout": "7s",
        "idle_in_transaction_session_timeout": "1min",
    }


@pytest.mark.parametrize("cursor", ["updated_at", "id"])
def test_a_locked_table_does_not_hang_the_run_with_any_cursor(customers, ingestion, cursor: str) -> None:
    locker = customers.connect()
    locker.cursor().execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
    run = ingestion.run(database_url=customers.url(), db_cursor_column=cursor, db_lock_timeout_seconds=0.2)
    assert "DB_LOCK_TIMEOUT_SECONDS" in run.error.advice


class FakeSnapshot:
    """Ten rows at the port `TableSnapshot`; of each batch `short` rows do not come, or the snapshot is lost."""

    columns = ("customer_id", "cpf", "n")
    key = ("n",)
    nested = frozenset()
    frozen = True

    def __init__(self, short: int, losses: list[int]) -> None:
        self._short = short
        self._losses = losses

    def cursor(self, column: str, key: tuple[str, ...] = ()) -> Cursor:
        return Cursor(column, "number", nullable=False, key=key)

    def limit(self, cursor: Cursor) -> str | None:
        return None

    def end_of_window(self, cursor: Cursor, after: Position | None, limit: str | None, rows: int) -> Position | None:
        begin = int(after[0]) if after else 0
        return None if begin == 10 else (str(min(10, begin + rows)),)

    def held_back(self, cursor: Cursor, limit: str) -> int:
        return 0

    def count(self, rows: Slice) -> int:
        assert not isinstance(rows, Unordered)
        return len(self._numbers(rows))

    def heap(self) -> Heap | None:
        return None

    def copy(self, rows: Slice, form: RecordForm, sink: Any, *, ordered: bool) -> int:
        numbers = self._numbers(rows)[self._short :]
        for number in numbers:
            if self._losses and self._losses[0] == number:
                self._losses.pop(0)
                raise SnapshotLost("conflict with recovery")
            sink.write(b"%d\n" % number)
        return len(numbers)

    def _numbers(self, rows: Slice) -> list[int]:
        assert isinstance(rows, Window)
        return list(range(int(rows.after[0]) + 1 if rows.after else 1, int(rows.upto[0]) + 1))


class FakeDatabase:
    def __init__(self, short: int = 0, losses: Sequence[int] = ()) -> None:
        self._short = short
        self._losses = list(losses)
        self.snapshots = 0

    @contextmanager
    def snapshot(self, table: TableName, guard: str | None = None) -> Iterator[FakeSnapshot]:
        self.snapshots += 1
        yield FakeSnapshot(self._short, self._losses)


def _plan(database: FakeDatabase, mode: Mode, pauses: list[float]) -> TablePlan:
    contract = ContractColumns(("customer_id", "cpf"), ("customer_id", "cpf"))
    settings = TableSettings(TableName(None, "t"), contract, "n", batch_rows=4, batch_bytes=1000, snapshots=3)
    return TablePlan(database, settings, mode, None, pauses.append)


def test_rows_that_were_counted_and_do_not_come_fail_the_batch() -> None:
    with pytest.raises(SourceDataInvalid, match="4 rows were counted"):
        next(_plan(FakeDatabase(short=1), Mode.INCREMENTAL, []).batches()).extract(Kept())


@pytest.mark.parametrize("mode", list(Mode))
def test_a_lost_snapshot_is_taken_anew_behind_the_last_batch(mode: Mode) -> None:
    database, pauses, taken = FakeDatabase(losses=[3, 6, 6, 10]), [], b""
    for batch in _plan(database, mode, pauses).batches():
        sink = Kept()
        try:
            batch.extract(sink)
        except BatchSetAside:
            continue
        taken += sink.data
    assert taken.split() == [b"%d" % n for n in range(1, 11)]
    assert (database.snapshots, len(pauses)) == (5, 4)


def test_a_snapshot_that_is_lost_again_and_again_ends_the_run() -> None:
    database, pauses = FakeDatabase(losses=[3] * 9), []
    with pytest.raises(SnapshotLost):
        for batch in _plan(database, Mode.INCREMENTAL, pauses).batches():
            with pytest.raises(BatchSetAside):
                batch.extract(Kept())
    assert (database.snapshots, len(pauses)) == (3, 2)


def test_a_conflict_is_known_by_its_state(customers) -> None:
    with pytest.raises(psycopg2.Error) as caught, customers.connect().cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE SQLSTATE '40001' USING MESSAGE = 'conflict with recovery'; END $$")
    assert isinstance(query_fault(caught.value, "t"), SnapshotLost)


@pytest.mark.parametrize("parallel", [2, 3])
@pytest.mark.parametrize(
    ("ingestion", "document"),
    [("json", ""), ("json", ", d jsonb DEFAULT '{}'"), ("csv", "")],
    ids=["text", "documents", "csv"],
    indirect=["ingestion"],
)
def test_several_connections_take_each_row_once_and_the_same_bytes(database, ingestion, parallel, document) -> None:
    database.execute(f"CREATE TABLE customers (id int, customer_id text, cpf text, pad text{document})")
    database.execute(
        "INSERT INTO customers SELECT n, 'C', '1', repeat('x', 500) FROM generate_series(1, 20000) AS n; ANALYZE"
    )
    settings = {"database_url": database.url(), "db_cursor_column": "none", "db_batch_max_rows": 6000}
    run = ingestion.run(Mode.FULL, **settings, db_parallel=parallel)
    assert (run.status, run.rows_written) == (RunStatus.SUCCEEDED, 20000)
    assert len(run.batches) in (4, 5)
    assert ingestion.ids() == [str(n) for n in range(1, 20001)]
    again = ingestion.run(Mode.FULL, **settings, db_parallel=parallel)
    assert (again.rows_written, again.duplicates) == (0, len(run.batches))


@pytest.mark.parametrize("ingestion", ["json", "csv"], indirect=True)
def test_several_connections_keep_the_bound_in_bytes(database, ingestion) -> None:
    database.execute("CREATE TABLE customers (id int, customer_id text, cpf text, pad text)")
    database.execute("INSERT INTO customers SELECT n, 'C', '1', repeat('x', 500) FROM generate_series(1, 5000) AS n")
    settings = {"database_url": database.url(), "db_cursor_column": "none", "db_parallel": 2}
    run = ingestion.run(Mode.FULL, **settings, db_batch_max_bytes=700_000)
    assert (run.status, run.rows_written) == (RunStatus.SUCCEEDED, 5000)
    sizes = [json.loads(path.read_text())["size"] for path in ingestion.raw.glob("database/*/*/_manifest.json")]
    assert max(sizes) <= 700_000


@pytest.mark.parametrize("kind", ["view", "partitioned", "empty"])
def test_what_has_no_blocks_is_read_by_one_connection(database, ingestion, kind: str) -> None:
    columns = "id int, customer_id text, cpf text"
    if kind == "view":
        database.execute(
            "CREATE VIEW customers AS SELECT n AS id, 'C' AS customer_id, '1' AS cpf FROM generate_series(1, 3) n"
        )
    elif kind == "partitioned":
        database.execute(f"CREATE TABLE customers ({columns}) PARTITION BY RANGE (id)")
        database.execute("CREATE TABLE part PARTITION OF customers DEFAULT")
        database.execute("INSERT INTO customers SELECT n, 'C', '1' FROM generate_series(1, 3) AS n")
    else:
        database.execute(f"CREATE TABLE customers ({columns})")
    run = ingestion.run(Mode.FULL, database_url=database.url(), db_cursor_column="none", db_parallel=2)
    assert (run.status, run.rows_written) == (RunStatus.SUCCEEDED, 0 if kind == "empty" else 3)


@pytest.mark.parametrize("ingestion", ["json", "csv"], indirect=True)
def test_a_fault_of_the_lake_stops_all_connections_and_keeps_the_snapshot(database, ingestion) -> None:
    database.execute("CREATE TABLE customers (id int, customer_id text, cpf text)")
    database.execute("INSERT INTO customers SELECT n, 'C', '1' FROM generate_series(1, 20000) AS n")
    settings = {"database_url": database.url(), "db_cursor_column": "none", "db_parallel": 3}
    source = build_source(ingestion.settings(**settings))

    class Full(Exception):
        pass

    class Sink:
        def write(self, data: bytes, rows: int = 1) -> None:
            raise Full

    with source.pending(Mode.FULL, None) as batches:
        batch = next(batches)
        with pytest.raises(Full):
            batch.extract(Sink())
        sink = Kept()
        batch.extract(sink)  # the snapshot is still good
        assert sink.rows == 20000

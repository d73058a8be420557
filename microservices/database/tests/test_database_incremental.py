"""Incremental and full ingestion from a real PostgreSQL: every row once, whatever happens in between."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.run import RunStatus

TEN_ROWS = """
INSERT INTO customers SELECT n, 'C' || n, '52998224725', 'Caf\u00e9', n + 0.10,
  timestamptz '2025-01-01' + n * interval '1 microsecond' FROM generate_series(%s, %s) AS n
"""


def test_a_second_run_finds_nothing_and_later_runs_only_what_changed(customers, ingestion) -> None:
    customers.execute(TEN_ROWS, [1, 10])
    first = ingestion.run(database_url=customers.url())
    assert (first.status, first.rows_written, len(first.batches)) == (RunStatus.SUCCEEDED, 10, 1)

    second = ingestion.run(database_url=customers.url())
    assert (second.status, second.rows_written, second.batches) == (RunStatus.SUCCEEDED, 0, [])

    customers.execute("INSERT INTO customers VALUES (11, 'C11', '52998224725', 'Ch\u00e1', 1)")
    customers.execute("UPDATE customers SET product = 'new', updated_at = now() WHERE id = 3")
    third = ingestion.run(database_url=customers.url())
    assert third.rows_written == 2
    assert ingestion.ids() == [str(n) for n in (1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11)]
    assert ingestion.run(database_url=customers.url()).rows_written == 0


def test_the_watermark_keeps_the_microsecond(customers, ingestion) -> None:
    customers.execute(TEN_ROWS, [1, 1])
    ingestion.run(database_url=customers.url())
    assert ingestion.lake.newest("database").watermark == {
        "table": "public.customers",
        "column": "updated_at",
        "kind": "timestamptz",
        "upper": "2025-01-01 00:00:00.000001+00",
        "as_of": "2025-01-01 00:00:00.000001+00",
    }
    customers.execute(TEN_ROWS, [2, 2])  # one microsecond later
    assert ingestion.run(database_url=customers.url()).rows_written == 1


@pytest.mark.parametrize("ingestion", ["json", "csv"], indirect=True)
def test_batches_are_bounded_and_equal_cursors_stay_together(customers, ingestion) -> None:
    customers.execute(TEN_ROWS, [1, 10])
    customers.execute("UPDATE customers SET updated_at = '2025-01-01 00:00:00.000003+00' WHERE id IN (4, 5)")
    run = ingestion.run(database_url=customers.url(), db_batch_max_rows=3)
    manifests = [
        json.loads(path.read_text()) for path in sorted(ingestion.raw.glob("database/customers/*/_manifest.json"))
    ]
    assert [manifest["rows_written"] for manifest in manifests] == [5, 3, 2]
    assert len(run.batches) == 3
    assert ingestion.ids() == [str(n) for n in range(1, 11)]


@pytest.mark.parametrize("ingestion", ["json", "csv"], indirect=True)
def test_a_failed_batch_leaves_the_earlier_ones_and_the_next_run_goes_on(customers, ingestion) -> None:
    customers.execute("CREATE TABLE fault (present bool)")
    customers.execute("INSERT INTO fault VALUES (true)")
    customers.execute("""
        CREATE VIEW fragile AS SELECT *,
          CASE WHEN id = 15 AND (SELECT present FROM fault) THEN 1 / (id - 15) ELSE 0 END AS check_digit
        FROM customers
        """)
    customers.execute(TEN_ROWS, [1, 25])
    settings = {"database_url": customers.url(), "db_table": "fragile", "db_batch_max_rows": 10}

    broken = ingestion.run(**settings)
    assert (broken.status, broken.error.code) == (RunStatus.FAILED, "SOURCE_DATA_INVALID")
    assert "22012" in broken.error.message
    assert ingestion.ids() == [str(n) for n in range(1, 11)]
    assert not list(ingestion.raw.glob("_staging/database/*"))

    customers.execute("UPDATE fault SET present = false")
    healed = ingestion.run(**settings)
    assert (healed.status, healed.rows_written) == (RunStatus.SUCCEEDED, 15)
    assert ingestion.ids() == [str(n) for n in range(1, 26)]


def test_two_replicas_at_once_take_each_row_once(customers, ingestion) -> None:
    customers.execute(TEN_ROWS, [1, 200])
    settings = {"database_url": customers.url(), "db_batch_max_rows": 50}
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: ingestion.run(**settings), range(2)))
    assert [run.status for run in runs] == [RunStatus.SUCCEEDED] * 2
    assert sum(run.rows_written for run in runs) == 200
    assert ingestion.ids() == [str(n) for n in range(1, 201)]


@pytest.mark.parametrize("wrote_before", [True, False], ids=["row written before the run", "row written after it"])
def test_a_row_committed_late_is_not_lost(customers, ingestion, wrote_before: bool) -> None:
    insert = "INSERT INTO customers (id, customer_id, cpf) VALUES (%s, 'C', '52998224725')"
    late = customers.connect()
    with late.cursor() as cursor:
        cursor.execute("SELECT now()")  # the transaction begins, and with it the row's updated_at
        if wrote_before:
            cursor.execute(insert, [1])
        customers.execute(insert, [2])  # another connection, committed at once, with a later updated_at
        first = ingestion.run(database_url=customers.url())
        assert (first.status, first.rows_written) == (RunStatus.SUCCEEDED, 0)
        if not wrote_before:
            cursor.execute(insert, [1])
    late.commit()
    assert ingestion.run(database_url=customers.url()).rows_written == 2
    assert ingestion.ids() == ["1", "2"]
    assert ingestion.run(database_url=customers.url()).rows_written == 0


def test_a_login_that_cannot_see_transactions_holds_back_by_the_lag(customers, ingestion) -> None:
    customers.execute(TEN_ROWS, [1, 3])
    customers.execute("INSERT INTO customers (id, customer_id, cpf) VALUES (9, 'C', '52998224725')")
    late = customers.connect()
    late.cursor().execute("SELECT now()")
    blind = customers.url(user="blind")
    assert ingestion.run(database_url=blind).rows_written == 3
    assert ingestion.run(database_url=blind, db_cursor_lag_seconds=0).rows_written == 1


def test_idle_sessions_hold_nothing_back(customers, ingestion) -> None:
    customers.execute("INSERT INTO customers (id, customer_id, cpf) VALUES (9, 'C', '52998224725')")
    assert ingestion.run(database_url=customers.url(user="blind")).rows_written == 1


@pytest.mark.parametrize("value", [None, "infinity", "-infinity"])
def test_rows_without_a_usable_cursor_are_taken_once(customers, ingestion, value: str | None) -> None:
    customers.execute(TEN_ROWS, [1, 3])
    customers.execute("UPDATE customers SET updated_at = %s WHERE id > 1", [value])
    first = ingestion.run(database_url=customers.url())
    assert (first.rows_written, len(first.batches)) == (3, 2)
    again = ingestion.run(database_url=customers.url())
    assert (again.rows_written, again.duplicates) == (0, 1)
    assert ingestion.ids() == ["1", "2", "3"]

    customers.execute("UPDATE customers SET product = 'changed' WHERE id = 3")
    assert ingestion.run(database_url=customers.url()).rows_written == 2
    assert ingestion.ids() == ["1", "2", "2", "3", "3"]


def test_a_cursor_of_numbers_starts_after_zero(customers, ingestion) -> None:
    customers.execute(TEN_ROWS, [0, 0])
    settings = {"database_url": customers.url(), "db_cursor_column": "id"}
    assert ingestion.run(**settings).rows_written == 1
    assert ingestion.run(**settings).rows_written == 0
    customers.execute(TEN_ROWS, [9007199254740993, 9007199254740993])
    assert ingestion.run(**settings).rows_written == 1
    customers.execute(TEN_ROWS, [9007199254740994, 9007199254740994])
    assert ingestion.run(**settings).rows_written == 1
    assert ingestion.run(**settings).rows_written == 0


def test_a_date_is_taken_once_its_day_is_over(customers, ingestion) -> None:
    customers.execute("ALTER TABLE customers ADD changed_on date DEFAULT current_date")
    customers.execute(TEN_ROWS, [1, 2])
    customers.execute("UPDATE customers SET changed_on = current_date - 1 WHERE id = 1")
    settings = {"database_url": customers.url(), "db_cursor_column": "changed_on"}
    assert ingestion.run(**settings).rows_written == 1
    assert ingestion.ids() == ["1"]


def test_a_timestamp_without_time_zone_is_local_to_the_database(customers, ingestion) -> None:
    customers.execute(f"ALTER DATABASE {customers.name} SET TimeZone = 'Pacific/Kiritimati'")  # UTC+14
    with customers.connect() as local, local.cursor() as cursor:
        cursor.execute("ALTER TABLE customers ADD changed timestamp(0) DEFAULT now() - interval '1 minute'")
        cursor.execute(TEN_ROWS, [1, 1])
    settings = {"database_url": customers.url(), "db_cursor_column": "changed"}
    assert ingestion.run(**settings, db_cursor_time_zone="UTC").rows_written == 0  # 14 hours ahead of that
    assert ingestion.run(**settings).rows_written == 1


def test_rows_without_a_key_are_the_same_in_any_order(database, ingestion) -> None:
    database.execute("CREATE TABLE customers (customer_id text, cpf text, source text, updated_at timestamptz)")
    for first, second in (("C1", "C2"), ("C2", "C1")):
        database.execute("TRUNCATE customers")
        for name in (first, second):  # a column called as the query calls the table, which does not tell them apart
            database.execute("INSERT INTO customers VALUES (%s, '1', 'shop', '2025-01-01')", [name])
        run = ingestion.run(Mode.FULL, database_url=database.url())
    assert (run.rows_written, run.duplicates) == (0, 1)


@pytest.mark.parametrize("key", ["id bigint PRIMARY KEY", "id bigint"], ids=["primary key", "no key"])
def test_full_mode_takes_everything_and_repeats_nothing(database, ingestion, key: str) -> None:
    database.execute(f"CREATE TABLE customers ({key}, customer_id text, cpf text, note json)")
    fill = "INSERT INTO customers SELECT n, 'C', '52998224725', '{\"a\": 1}' FROM generate_series(7, 1, -1) AS n"
    database.execute(fill)
    settings = {"database_url": database.url(), "db_cursor_column": "none", "db_batch_max_rows": 3}
    first = ingestion.run(Mode.FULL, **settings)
    assert (first.status, first.rows_written) == (RunStatus.SUCCEEDED, 7)
    database.execute("UPDATE customers SET cpf = cpf WHERE id = 1")  # moves the row within the heap
    second = ingestion.run(Mode.FULL, **settings)
    assert (second.rows_written, second.duplicates) == (0, len(first.batches))
    assert ingestion.ids() == [str(n) for n in range(1, 8)]
    assert len(first.batches) == (3 if "PRIMARY" in key else 1)


def test_without_a_cursor_there_is_only_full(customers, ingestion) -> None:
    run = ingestion.run(database_url=customers.url(), db_cursor_column="none")
    assert run.error.code == "MODE_NOT_SUPPORTED"


def test_another_cursor_column_reads_from_the_start(customers, ingestion) -> None:
    customers.execute(TEN_ROWS, [1, 3])
    ingestion.run(database_url=customers.url())
    assert ingestion.run(database_url=customers.url(), db_cursor_column="id").rows_written == 3
    assert ingestion.run(database_url=customers.url(), db_cursor_column="id").rows_written == 0

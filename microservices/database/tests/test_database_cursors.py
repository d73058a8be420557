"""Cursors with a tie-breaker, of numbers that are committed late, and rows without one; bounds in bytes."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from ingestion_kernel.domain.run import RunStatus

SAME = """
INSERT INTO customers SELECT n, 'C' || n, '1', 'p', 1, '2025-01-01' FROM generate_series({}, {}) AS n
"""
INSERT = "INSERT INTO customers VALUES (%s, 'C', '1', 'p', 1, '2025-01-01')"


def _manifests(ingestion: Any) -> list[dict[str, Any]]:
    paths = sorted(ingestion.raw.glob("database/customers/*/_manifest.json"))
    return [json.loads(path.read_text()) for path in paths]


def _rows(ingestion: Any) -> list[int]:
    return [manifest["rows_written"] for manifest in _manifests(ingestion)]


def test_a_tie_breaker_cuts_a_group_of_equal_cursors(customers, ingestion) -> None:
    customers.execute(SAME.format(1, 10))
    customers.execute("UPDATE customers SET updated_at = '2025-01-02' WHERE id <= 2")  # behind all others
    settings = {"database_url": customers.url(), "db_cursor_tie_breaker": ("id",), "db_batch_max_rows": 3}
    assert ingestion.run(**settings).rows_written == 10
    assert _rows(ingestion) == [3, 3, 3, 1]
    assert ingestion.lake.newest("database").watermark == {
        "table": "public.customers",
        "column": "updated_at",
        "kind": "timestamptz",
        "upper": "2025-01-02 00:00:00+00",
        "key": ["id"],
        "upper_key": ["2"],
        "as_of": "2025-01-02 00:00:00+00",
    }
    assert ingestion.run(**settings).rows_written == 0
    assert ingestion.ids() == [str(n) for n in range(1, 11)]


def test_a_run_stopped_within_a_group_goes_on_within_it(customers, ingestion) -> None:
    """With a key of two columns, one of them text, in the database's own order."""
    customers.execute(SAME.format(1, 9))
    customers.execute("CREATE VIEW fragile AS SELECT *, 1 / (id - 8) AS digit FROM customers")
    settings = {"database_url": customers.url(), "db_cursor_tie_breaker": ("customer_id", "id"), "db_batch_max_rows": 2}
    assert ingestion.run(**settings, db_table="fragile").status is RunStatus.FAILED
    assert ingestion.ids() == [str(n) for n in range(1, 7)]
    customers.execute("CREATE OR REPLACE VIEW fragile AS SELECT *, 1::bigint AS digit FROM customers")
    assert ingestion.run(**settings, db_table="fragile").rows_written == 3
    assert ingestion.ids() == [str(n) for n in range(1, 10)]


def test_a_tie_breaker_may_come_later_but_not_go(customers, ingestion) -> None:
    customers.execute(SAME.format(1, 4))
    settings = {"database_url": customers.url()}
    assert ingestion.run(**settings).rows_written == 4
    assert ingestion.run(**settings, db_cursor_tie_breaker=("id",)).rows_written == 0
    customers.execute("INSERT INTO customers VALUES (5, 'C5', '1', 'p', 1, '2025-01-02')")
    assert ingestion.run(**settings, db_cursor_tie_breaker=("id",)).rows_written == 1
    assert ingestion.run(**settings).rows_written == 5  # repeats all rather than skipping some


def test_rows_whose_key_is_null_are_not_lost(database, ingestion) -> None:
    database.execute("CREATE TABLE customers (id int, customer_id text, cpf text, updated_at timestamptz)")
    database.execute(
        "INSERT INTO customers SELECT NULLIF(n, 2), 'C' || n, '1', '2025-01-01' FROM generate_series(1, 3) AS n"
    )
    settings = {"database_url": database.url(), "db_cursor_tie_breaker": ("id",)}
    assert ingestion.run(**settings).rows_written == 3
    assert ingestion.run(**settings).rows_written == 0


def test_batches_are_bounded_by_bytes(customers, ingestion) -> None:
    """Fat rows among thin ones: no batch exceeds the bound, but a row that is larger than it goes alone."""
    customers.execute(SAME.format(1, 60))
    customers.execute("UPDATE customers SET updated_at = updated_at + id * interval '1 s'")
    customers.execute("UPDATE customers SET product = repeat('x', 30000) WHERE id BETWEEN 21 AND 40")
    customers.execute("UPDATE customers SET product = repeat('x', 250000) WHERE id = 50")
    bound = 100_000
    run = ingestion.run(database_url=customers.url(), db_batch_max_bytes=bound)
    assert (run.status, run.rows_written, run.rows_read) == (RunStatus.SUCCEEDED, 60, 60)
    assert ingestion.ids() == [str(n) for n in range(1, 61)]
    manifests = _manifests(ingestion)
    over = [manifest for manifest in manifests if manifest["size"] > bound]
    assert [manifest["rows_written"] for manifest in over] == [1]
    assert len(manifests) < 30  # batches grow again behind the fat rows
    assert not list(ingestion.raw.glob("_staging/database/*"))


def test_a_fat_group_goes_whole_without_a_tie_breaker_and_is_cut_with_one(customers, ingestion, caplog) -> None:
    customers.execute(SAME.format(1, 10))
    customers.execute("UPDATE customers SET product = repeat('x', 80000)")
    settings = {"database_url": customers.url(), "db_batch_max_bytes": 200_000}
    assert ingestion.run(**settings).rows_written == 10
    assert _rows(ingestion) == [10]
    assert "DB_CURSOR_TIE_BREAKER" in caplog.text
    customers.execute("UPDATE customers SET updated_at = '2025-01-02'")
    assert ingestion.run(**settings, db_cursor_tie_breaker=("id",)).rows_written == 10
    assert max(_rows(ingestion)[1:]) == 2


def test_rows_without_a_cursor_by_policy(customers, ingestion, caplog) -> None:
    customers.execute(SAME.format(1, 5))
    customers.execute("UPDATE customers SET updated_at = NULL WHERE id > 3")
    refused = ingestion.run(database_url=customers.url(), db_null_cursors="refuse")
    assert (refused.error.code, refused.rows_written) == ("SOURCE_DATA_INVALID", 0)
    assert "2 rows" in refused.error.message and "DB_NULL_CURSORS" in refused.error.advice

    assert ingestion.run(database_url=customers.url(), db_null_cursors="ignore").rows_written == 3
    assert "2 rows" in caplog.text
    assert _manifests(ingestion)[0]["details"]["rows_without_cursor"] == 2
    assert ingestion.run(database_url=customers.url(), db_null_cursors="take").rows_written == 2
    assert ingestion.ids() == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("user", ["ingest", "blind"])
def test_a_number_that_is_committed_late_is_waited_for(customers, ingestion, user: str) -> None:
    """5 is drawn first and committed after 6; a run in between must not pass it, whatever the login may see."""
    late = customers.connect()
    late.cursor().execute(INSERT, [5])
    customers.execute(INSERT, [6])
    settings = {"database_url": customers.url(user=user), "db_cursor_column": "id"}
    runs = []
    runner = threading.Thread(target=lambda: runs.append(ingestion.run(**settings)))
    runner.start()
    time.sleep(0.5)  # in which the run, if it did not wait, would have taken 6
    assert not runs
    late.commit()
    runner.join(60)
    assert [run.rows_written for run in runs] == [2]
    assert ingestion.ids() == ["5", "6"]


def test_a_writer_that_does_not_end_fails_the_run_and_nothing_is_passed_over(customers, ingestion) -> None:
    late = customers.connect()
    late.cursor().execute(INSERT, [5])
    customers.execute(INSERT, [6])
    settings = {"database_url": customers.url(), "db_cursor_column": "id"}
    run = ingestion.run(**settings, db_writer_wait_seconds=0.1)
    assert (run.error.code, run.rows_written) == ("SOURCE_UNAVAILABLE", 0)
    assert "DB_CURSOR_LAG_NUMBERS" in run.error.advice
    late.commit()
    assert ingestion.run(**settings).rows_written == 2


def test_a_declared_lag_of_numbers_is_held_back_instead(customers, ingestion) -> None:
    late = customers.connect()
    late.cursor().execute(INSERT, [5])
    for number in (1, 6):
        customers.execute(INSERT, [number])
    settings = {"database_url": customers.url(), "db_cursor_column": "id", "db_cursor_lag_numbers": 3}
    assert ingestion.run(**settings).rows_written == 1
    assert _manifests(ingestion)[0]["details"]["rows_held_back"] == 1
    late.commit()
    customers.execute(INSERT, [9])
    assert ingestion.run(**settings).rows_written == 2
    assert ingestion.ids() == ["1", "5", "6"]


def test_readers_and_idle_sessions_are_not_waited_for(customers, ingestion) -> None:
    customers.execute(INSERT, [1])
    reader = customers.connect()
    reader.cursor().execute("SELECT 1")  # a transaction that stays open and has written nothing
    run = ingestion.run(database_url=customers.url(), db_cursor_column="id", db_writer_wait_seconds=30)
    assert run.rows_written == 1


@pytest.mark.parametrize(
    ("column", "lag"),
    [("id", {"db_cursor_lag_seconds": 5}), ("updated_at", {"db_cursor_lag_numbers": 5})],
)
def test_a_lag_of_the_wrong_kind_is_refused(customers, ingestion, column: str, lag: dict[str, int]) -> None:
    run = ingestion.run(database_url=customers.url(), db_cursor_column=column, **lag)
    assert run.error.code == "CONFIGURATION_INVALID"

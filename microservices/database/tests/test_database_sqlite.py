"""The path for other databases, shown on a SQLite file: same windows, same records."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.run import RunStatus


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    connection.execute(
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, customer_id TEXT, cpf TEXT, total_amount NUMERIC,"
        " photo BLOB, updated_at DATETIME)"
    )
    yield connection
    connection.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'shop.db'}"


def _insert(shop: sqlite3.Connection, *ids: int) -> None:
    rows = [(n, f"C{n}", "52998224725", 0.1, b"\x00\xff", f"2025-01-01 00:00:00.{n:06d}") for n in ids]
    shop.executemany("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?)", rows)


def test_windows_resume_and_nothing_comes_twice(shop, url, ingestion) -> None:
    _insert(shop, *range(1, 8))
    settings = {"database_url": url, "db_table": "customers", "db_batch_max_rows": 3}
    first = ingestion.run(**settings)
    assert (first.status, first.rows_written, len(first.batches)) == (RunStatus.SUCCEEDED, 7, 3)
    assert ingestion.run(**settings).rows_written == 0
    _insert(shop, 8)
    shop.execute("UPDATE customers SET updated_at = '2025-01-02 00:00:00' WHERE id = 2")
    assert ingestion.run(**settings).rows_written == 2
    assert ingestion.ids() == ["1", "2", "2", "3", "4", "5", "6", "7", "8"]


def test_values_are_text_and_null_is_null(shop, url, ingestion) -> None:
    shop.execute("INSERT INTO customers VALUES (9007199254740993, 'a\"\\\n\x01é😀', '1', 0.1, x'00FF', '2025-01-01')")
    shop.execute("INSERT INTO customers VALUES (2, NULL, NULL, NULL, NULL, '2025-01-01')")
    ingestion.run(database_url=url, db_table="customers")
    full, empty = sorted(ingestion.records(), key=lambda record: record["cpf"] is None)
    assert full == {
        "id": "9007199254740993",
        "customer_id": 'a"\\\n\x01é😀',
        "cpf": "1",
        "total_amount": "0.1",
        "photo": "\\x00ff",
        "updated_at": "2025-01-01",
    }
    assert [empty[name] for name in ("customer_id", "cpf", "total_amount", "photo")] == [None] * 4


def test_rows_without_a_cursor_are_taken_once(shop, url, ingestion) -> None:
    _insert(shop, 1, 2)
    shop.execute("UPDATE customers SET updated_at = NULL")
    assert ingestion.run(database_url=url, db_table="customers").rows_written == 2
    again = ingestion.run(database_url=url, db_table="customers")
    assert (again.rows_written, again.duplicates) == (0, 1)


def test_a_cursor_of_numbers_starts_after_zero(shop, url, ingestion) -> None:
    _insert(shop, 0)
    settings = {"database_url": url, "db_table": "customers", "db_cursor_column": "id"}
    assert ingestion.run(**settings).rows_written == 1
    _insert(shop, 5)
    assert ingestion.run(**settings).rows_written == 1
    assert ingestion.run(**settings).rows_written == 0


def test_full_mode_repeats_nothing(shop, url, ingestion) -> None:
    _insert(shop, *range(7, 0, -1))
    settings = {"database_url": url, "db_table": "customers", "db_batch_max_rows": 3}
    first = ingestion.run(Mode.FULL, **settings)
    assert (first.rows_written, len(first.batches)) == (7, 3)
    second = ingestion.run(Mode.FULL, **settings)
    assert (second.rows_written, second.duplicates) == (0, 3)


def test_a_snapshot_does_not_see_what_comes_meanwhile(shop, url, ingestion) -> None:
    from database_ingestion.domain.table import TableName
    from database_ingestion.infrastructure.ingestion.any_database import AnyDatabase
    from sqlalchemy import make_url

    shop.execute("PRAGMA journal_mode = WAL")
    _insert(shop, 1)
    with AnyDatabase(make_url(url), None).snapshot(TableName(None, "customers")) as snapshot:
        cursor = snapshot.cursor("id")
        _insert(shop, 2)
        assert snapshot.end_of_window(cursor, None, None, 10) == ("1",)


def test_hostile_names_are_quoted(shop, url, ingestion) -> None:
    shop.execute('CREATE TABLE "a""b; DROP TABLE customers" (customer_id, cpf, "up % d""ated")')
    shop.execute("""INSERT INTO "a""b; DROP TABLE customers" VALUES ('C', '1', '2025')""")
    settings = {"db_table": '"a""b; DROP TABLE customers"', "db_cursor_column": 'up % d"ated'}
    assert ingestion.run(database_url=url, **settings).rows_written == 1
    assert ingestion.run(database_url=url, **settings).rows_written == 0


def test_a_missing_file_is_not_created(ingestion, tmp_path) -> None:
    path = tmp_path / "nowhere.db"
    run = ingestion.run(database_url=f"sqlite:///{path}", db_table="customers")
    assert run.error.code == "SOURCE_UNAVAILABLE"
    assert not path.exists()


def test_a_missing_table_is_a_configuration_fault(shop, url, ingestion) -> None:
    assert ingestion.run(database_url=url, db_table="nowhere").error.code == "CONFIGURATION_INVALID"


def test_text_that_is_no_unicode_is_not_quoted(shop, url, ingestion) -> None:
    shop.execute("INSERT INTO customers VALUES (1, CAST(x'6C65616BFF' AS TEXT), '1', 1, NULL, '2025-01-01')")
    run = ingestion.run(database_url=url, db_table="customers")
    assert run.error.code == "SOURCE_DATA_INVALID"
    assert "leak" not in run.error.message

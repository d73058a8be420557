"""What goes wrong with a database, and what the user is told: places and advice, never a secret or a value."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from database_ingestion.domain.exceptions import BatchSetAside
from database_ingestion.interfaces.main import build_source
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.exceptions import ConfigurationInvalid, SourceUnavailable

VALUE = "leak-me-52998224725"


def _fault(ingestion: Any, **settings: Any) -> tuple[str, str]:
    run = ingestion.run(**settings)
    assert run.error is not None
    text = f"{run.error.message} {run.error.advice}"
    assert "s3cret" not in text and "postgresql://" not in text and VALUE not in text
    return run.error.code, text


def test_a_wrong_password_is_an_access_fault(customers, ingestion) -> None:
    code, text = _fault(ingestion, database_url=customers.url(password="s3cret-but-wrong"))
    assert code == "SOURCE_ACCESS_DENIED"
    assert "password" in text


def test_a_refused_connection_names_host_and_port(ingestion) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        url = f"postgresql+psycopg2://ana:s3cret@127.0.0.1:{port}/shop"
        code, text = _fault(ingestion, database_url=url)
    assert code == "SOURCE_UNAVAILABLE"
    assert f"127.0.0.1:{port}" in text
    assert "ana" not in text


@pytest.mark.parametrize("table", ["nowhere", "nowhere.customers", "Customers"])
def test_a_missing_table_is_a_configuration_fault(customers, ingestion, table: str) -> None:
    code, text = _fault(ingestion, database_url=customers.url(), db_table=table)
    assert code == "CONFIGURATION_INVALID"
    assert table in text


def test_a_missing_database_is_a_configuration_fault(customers, ingestion) -> None:
    url = customers.url().replace(customers.name, "nowhere")
    assert _fault(ingestion, database_url=url)[0] == "CONFIGURATION_INVALID"


def test_a_missing_mandatory_column_is_named(database, ingestion) -> None:
    database.execute("CREATE TABLE customers (customer_id text, updated_at timestamptz)")
    code, text = _fault(ingestion, database_url=database.url())
    assert code == "SOURCE_DATA_INVALID"
    assert "'cpf'" in text and "DB_COLUMN_MAP" in text


@pytest.mark.parametrize("column", ["nowhere", "flag"])
def test_a_column_that_is_no_cursor_is_refused(database, ingestion, column: str) -> None:
    database.execute("CREATE TABLE customers (customer_id text, cpf text, flag bool)")
    database.execute("INSERT INTO customers VALUES ('C1', '1', true)")
    code, text = _fault(ingestion, database_url=database.url(), db_cursor_column=column)
    assert code == "CONFIGURATION_INVALID"
    assert column in text and "DB_CURSOR_COLUMN" in text


def test_missing_rights_are_an_access_fault(customers, ingestion) -> None:
    customers.execute("REVOKE SELECT ON customers FROM ingest")
    code, text = _fault(ingestion, database_url=customers.url())
    assert code == "SOURCE_ACCESS_DENIED"
    assert "SELECT" in text


def test_a_statement_that_takes_too_long_says_what_to_turn(database, ingestion) -> None:
    database.execute(
        "CREATE VIEW customers AS SELECT 'C' AS customer_id, '1' AS cpf, timestamptz '2025-01-01' AS updated_at,"
        " pg_sleep(30)::text AS nap"
    )
    code, text = _fault(ingestion, database_url=database.url(), db_statement_timeout_seconds=0.2)
    assert code == "SOURCE_UNAVAILABLE"
    assert "DB_STATEMENT_TIMEOUT_SECONDS" in text


def test_a_locked_table_does_not_hang_the_run(customers, ingestion) -> None:
    locker = customers.connect()
    locker.cursor().execute("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
    code, text = _fault(ingestion, database_url=customers.url(), db_lock_timeout_seconds=0.2)
    assert code == "SOURCE_UNAVAILABLE"
    assert "DB_LOCK_TIMEOUT_SECONDS" in text


def test_a_value_that_cannot_be_converted_is_not_quoted(customers, ingestion) -> None:
    customers.execute("CREATE VIEW broken AS SELECT *, product::int AS number FROM customers")
    customers.execute("INSERT INTO customers VALUES (1, 'C', '1', %s, 1, '2025-01-01')", [VALUE])
    code, text = _fault(ingestion, database_url=customers.url(), db_table="broken")
    assert code == "SOURCE_DATA_INVALID"
    assert "22P02" in text


def test_a_connection_that_dies_amid_the_rows_is_replaced(database, ingestion) -> None:
    database.execute(
        "CREATE VIEW customers AS SELECT n AS customer_id, repeat('x', 10000) AS cpf, timestamptz '2025-01-01'"
        " + n * interval '1 s' AS updated_at FROM generate_series(1, 3000) AS n"
    )

    class Kept:
        def __init__(self, ids: list[str]) -> None:
            self.ids = ids

        def write(self, data: bytes, rows: int = 1) -> None:
            self.ids += [json.loads(line)["customer_id"] for line in data.splitlines()]

    class Killer:
        def write(self, data: bytes, rows: int = 1) -> None:
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'database-ingestion'"
                " AND datname = current_database()"
            )

    taken = []
    source = build_source(ingestion.settings(database_url=database.url(), db_batch_max_rows=1500))
    with source.pending(Mode.INCREMENTAL, None) as batches:
        first = next(batches)
        first.extract(Kept(taken))
        second = next(batches)
        with pytest.raises(BatchSetAside):
            second.extract(Killer())
        assert isinstance(second.lost, SourceUnavailable)
        next(batches).extract(Kept(taken))  # from a new connection, what the second one should have been
        assert not list(batches)
    assert sorted(taken, key=int) == [str(n) for n in range(1, 3001)]


def test_a_fault_of_the_lake_passes_through_the_copy(customers, ingestion) -> None:
    customers.execute("INSERT INTO customers VALUES (1, 'C', '1', 'p', 1, '2025-01-01')")

    class Full(Exception):
        pass

    class Sink:
        def write(self, data: bytes, rows: int = 1) -> None:
            raise Full

    source = build_source(ingestion.settings(database_url=customers.url()))
    with source.pending(Mode.INCREMENTAL, None) as batches:
        with pytest.raises(Full):
            next(batches).extract(Sink())


def test_a_lag_needs_a_cursor_of_time(customers, ingestion) -> None:
    code, _ = _fault(ingestion, database_url=customers.url(), db_cursor_column="id", db_cursor_lag_seconds=5)
    assert code == "CONFIGURATION_INVALID"


def test_check_finds_what_a_run_would(customers, ingestion) -> None:
    build_source(ingestion.settings(database_url=customers.url())).check()
    with pytest.raises(ConfigurationInvalid):
        build_source(ingestion.settings(database_url=customers.url(), db_table="nowhere")).check()
    with pytest.raises(ConfigurationInvalid):
        build_source(ingestion.settings(database_url=customers.url(), db_cursor_column="nowhere")).check()


def test_a_driver_that_is_not_installed_is_named(ingestion) -> None:
    with pytest.raises(ConfigurationInvalid, match="nosuchdb") as caught:
        build_source(ingestion.settings(database_url="nosuchdb://ana:s3cret@h/d"))
    assert "s3cret" not in str(caught.value)

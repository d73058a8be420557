"""The composition root of the database service."""

from __future__ import annotations

from importlib.metadata import version

from customer_contract import load_contract
from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.domain.ports.source import Source
from ingestion_kernel.interfaces.cli import ServiceInfo, service_cli

from database_ingestion.application.services.table_settings import TableSettings
from database_ingestion.application.services.table_source import TableSource
from database_ingestion.domain.ports.database import Database
from database_ingestion.domain.table import ContractColumns, TableName
from database_ingestion.infrastructure.config.settings import DatabaseFormat, DatabaseSettings
from database_ingestion.infrastructure.ingestion.any_database import AnyDatabase
from database_ingestion.infrastructure.ingestion.postgres import PostgresDatabase, PostgresOptions


def build_source(settings: DatabaseSettings) -> Source:
    """The table that the settings name.

    Raises:
        ConfigurationInvalid: a setting has the wrong form, its driver is not installed, or it cannot write DB_FORMAT.
    """
    contract = load_contract()
    table = TableSettings(
        table=TableName.parse(settings.db_table),
        contract=ContractColumns(contract.column_names, contract.required_columns),
        cursor_column=settings.cursor_column,
        batch_rows=settings.db_batch_max_rows,
        batch_bytes=settings.db_batch_max_bytes,
        column_map=settings.db_column_map,
        tie_breaker=settings.db_cursor_tie_breaker,
        null_cursors=settings.db_null_cursors,
        parallel=settings.db_parallel,
        snapshots=settings.db_snapshot_attempts,
        format=settings.db_format.raw,
    )
    return TableSource(_database(settings), table)


def _database(settings: DatabaseSettings) -> Database:
    url = settings.url
    if url.get_backend_name() != "postgresql":
        if settings.db_format is DatabaseFormat.CSV:
            raise ConfigurationInvalid("DB_FORMAT=csv needs PostgreSQL's COPY", advice="Set DB_FORMAT=json.")
        return AnyDatabase(url, settings.db_cursor_lag_seconds, settings.db_cursor_lag_numbers)
    options = PostgresOptions(
        connect_timeout=settings.db_connect_timeout_seconds,
        statement_timeout=settings.db_statement_timeout_seconds,
        lock_timeout=settings.db_lock_timeout_seconds,
        lag=settings.db_cursor_lag_seconds,
        time_zone=settings.db_cursor_time_zone,
        lag_numbers=settings.db_cursor_lag_numbers,
        writer_wait=settings.db_writer_wait_seconds,
        allow_plaintext=settings.db_allow_plaintext,
    )
    return PostgresDatabase(url, options)


app = service_cli(
    ServiceInfo(
        name="database-ingestion",
        version=version("database-ingestion"),
        title="Database ingestion",
        description="Takes customers from a database table into the raw lake.",
    ),
    DatabaseSettings,
    build_source,
)


def main() -> None:
    """Entry point of the command `database-ingestion`."""
    app()


if __name__ == "__main__":
    main()

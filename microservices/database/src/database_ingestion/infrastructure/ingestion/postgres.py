"""PostgreSQL: rows leave it as lines by COPY, in one read-only snapshot and without passing through objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg2
from ingestion_kernel.application.helpers.interruption import cancelled_by
from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from psycopg2.extensions import connection as Psycopg2Connection
from psycopg2.extensions import cursor as Psycopg2Cursor
from sqlalchemy import URL

from database_ingestion.domain.slices import TIME_KINDS
from database_ingestion.domain.table import TableName
from database_ingestion.infrastructure.ingestion.postgres_catalog import PostgresTable, read_table
from database_ingestion.infrastructure.ingestion.postgres_errors import connect_fault, query_faults
from database_ingestion.infrastructure.ingestion.postgres_hang_up import hang_up, let_hang_up_be_noticed
from database_ingestion.infrastructure.ingestion.postgres_horizon import look
from database_ingestion.infrastructure.ingestion.postgres_snapshot import Guard, PostgresSnapshot
from database_ingestion.infrastructure.ingestion.postgres_tls import tls_arguments
from database_ingestion.infrastructure.ingestion.postgres_writers import WriterOptions, highest_settled

_APPLICATION = "database-ingestion"
#: Kinds of cursor whose highest settled value bounds a run. Times are bounded by the horizon, and others are no cursor.
_GUARDED = ("number", "text")

#: Settings that decide how values are written. A role or database may have others.
_PINNED = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "iso_8601",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}


@dataclass(frozen=True, slots=True)
class PostgresOptions:
    """Bounds in seconds; `lag` and `time_zone` see `postgres_horizon`, None to let the database say.

    `lag_numbers` and `writer_wait` see `postgres_writers`.
    """

    connect_timeout: float
    statement_timeout: float
    lock_timeout: float
    lag: float | None
    time_zone: str | None
    lag_numbers: int | None = None
    writer_wait: float = 60
    allow_plaintext: bool = False


class PostgresDatabase:
    """See `Database`.

    Raises:
        ConfigurationInvalid: the URL would send rows over a network in the clear.
    """

    def __init__(self, url: URL, options: PostgresOptions) -> None:
        dialect = url.set(drivername="postgresql+psycopg2").get_dialect()()
        given = dialect.create_connect_args(url)[1]
        self._arguments: dict[str, Any] = {
            "connect_timeout": max(1, round(options.connect_timeout)),
            "keepalives": 1,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "application_name": _APPLICATION,
            **given,
            **tls_arguments(given, allow_plaintext=options.allow_plaintext),
            "client_encoding": "utf8",
        }
        host = self._arguments.get("host", "the local socket")
        self._place = f"{host}:{self._arguments.get('port', 5432)}"
        self._options = options

    @contextmanager
    def snapshot(self, table: TableName, guard: str | None = None) -> Iterator[PostgresSnapshot]:
        """See `Database`."""
        with closing(self._connect()) as connection, cancelled_by(partial(hang_up, connection)):
            with query_faults(str(table)):
                snapshot = self._open(connection, table, guard)
            with closing(snapshot), cancelled_by(snapshot.hang_up_helpers):
                yield snapshot

    def _connect(self) -> Psycopg2Connection:
        try:
            connection: Psycopg2Connection = psycopg2.connect(**self._arguments)
        except psycopg2.Error as error:
            raise connect_fault(error, self._place) from None
        return connection

    def _open(self, connection: Psycopg2Connection, table: TableName, guard: str | None) -> PostgresSnapshot:
        """First what is settled, each in a transaction of its own, then the snapshot."""
        with connection, connection.cursor() as cursor:
            horizon = look(cursor, self._options.lag)
        with connection, connection.cursor() as cursor:
            self._pin(cursor)
            found = read_table(cursor, table)
        column = guard if guard in {column.name for column in found.columns} else None
        guarded = column is not None and found.column(column).kind in _GUARDED
        while True:
            highest = self._highest(connection, found, column) if column else None
            snapshot = self._freeze(connection, table, Guard(horizon, column, highest, self._options.time_zone))
            if not guarded or highest is not None or not snapshot.has_values(str(column)):
                return snapshot
            connection.rollback()  # the first rows came between the two: once more, now that there is a highest value

    def _freeze(self, connection: Psycopg2Connection, table: TableName, guard: Guard) -> PostgresSnapshot:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            self._pin(cursor)
            frozen = read_table(cursor, table)  # anew: the table may have changed while writers were waited for
        return PostgresSnapshot(connection, frozen, guard, self._helper)

    def _highest(self, connection: Psycopg2Connection, table: PostgresTable, column: str) -> str | None:
        kind, options = table.column(column).kind, self._options
        if kind in TIME_KINDS:
            if options.lag_numbers is not None:
                raise ConfigurationInvalid("DB_CURSOR_LAG_NUMBERS needs a cursor column of numbers")
            return None
        if options.lag:
            raise ConfigurationInvalid("DB_CURSOR_LAG_SECONDS needs a cursor column that is a time or a date")
        if kind not in _GUARDED:
            return None  # refused later, with the advice
        if options.lag_numbers is not None and kind == "text":
            raise ConfigurationInvalid("DB_CURSOR_LAG_NUMBERS needs a cursor column of numbers")
        how = WriterOptions(options.lag_numbers, options.writer_wait, self._pin)
        return highest_settled(connection, table, column, how)

    def _helper(self, exported: str) -> Psycopg2Connection:
        """A connection that sees the exported snapshot."""
        connection = self._connect()
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION SNAPSHOT %s", [exported])  # before any other query
            self._pin(cursor)
        return connection

    def _pin(self, cursor: Psycopg2Cursor) -> None:
        """Local to the transaction: holds behind pgbouncer, too."""
        statement = f"{round(self._options.statement_timeout * 1000)}ms"
        pinned = {
            **_PINNED,
            "statement_timeout": statement,
            "idle_in_transaction_session_timeout": statement,  # a batch may take as long to be published
            "lock_timeout": f"{round(self._options.lock_timeout * 1000)}ms",
        }
        for name, value in pinned.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        let_hang_up_be_noticed(cursor)

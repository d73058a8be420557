"""PostgreSQL: rows leave it as JSON lines by COPY, in one read-only snapshot and without passing through objects."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg2
from ingestion_kernel.domain.exceptions import ConfigurationInvalid, SourceDataInvalid
from ingestion_kernel.domain.ports.source import RecordSink
from psycopg2 import sql
from psycopg2.extensions import connection as Psycopg2Connection
from sqlalchemy import URL

from database_ingestion.domain.slices import TIME_KINDS, AllRows, Cursor, Slice, Unordered
from database_ingestion.domain.table import Field, TableName
from database_ingestion.infrastructure.ingestion.postgres_catalog import PostgresTable, read_table
from database_ingestion.infrastructure.ingestion.postgres_copy import Lines, copy_statement
from database_ingestion.infrastructure.ingestion.postgres_errors import connect_fault, query_faults
from database_ingestion.infrastructure.ingestion.postgres_horizon import Horizon, look

_LOG = logging.getLogger(__name__)
_APPLICATION = "database-ingestion"

#: Settings that decide how values are written. A role or database may have others.
_PINNED = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "iso_8601",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}

_SOURCE = sql.Identifier("source")


@dataclass(frozen=True, slots=True)
class PostgresOptions:
    """Bounds in seconds; `lag` and `time_zone` see `postgres_horizon`, None to let the database say."""

    connect_timeout: float
    statement_timeout: float
    lock_timeout: float
    lag: float | None
    time_zone: str | None


class PostgresDatabase:
    """See `Database`."""

    def __init__(self, url: URL, options: PostgresOptions) -> None:
        dialect = url.set(drivername="postgresql+psycopg2").get_dialect()()
        self._arguments: dict[str, Any] = {
            "connect_timeout": max(1, round(options.connect_timeout)),
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "application_name": _APPLICATION,
            **dialect.create_connect_args(url)[1],
            "client_encoding": "utf8",
        }
        host = self._arguments.get("host", "the local socket")
        self._place = f"{host}:{self._arguments.get('port', 5432)}"
        self._options = options

    @contextmanager
    def snapshot(self, table: TableName) -> Iterator[PostgresSnapshot]:
        """See `Database`."""
        try:
            connection = psycopg2.connect(**self._arguments)
        except psycopg2.Error as error:
            raise connect_fault(error, self._place) from None
        try:
            with query_faults(str(table)):
                snapshot = self._open(connection, table)
            yield snapshot
        finally:
            connection.close()

    def _open(self, connection: Psycopg2Connection, table: TableName) -> PostgresSnapshot:
        with connection.cursor() as cursor:
            horizon = look(cursor, self._options.lag)
        connection.rollback()
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        pinned = {
            **_PINNED,
            "statement_timeout": f"{round(self._options.statement_timeout * 1000)}ms",
            "lock_timeout": f"{round(self._options.lock_timeout * 1000)}ms",
        }
        with connection.cursor() as cursor:
            for name, value in pinned.items():  # local to the transaction: holds behind pgbouncer, too
                cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
            return PostgresSnapshot(connection, read_table(cursor, table), horizon, self._options)


class PostgresSnapshot:
    """See `TableSnapshot`: one REPEATABLE READ transaction."""

    def __init__(
        self, connection: Psycopg2Connection, table: PostgresTable, horizon: Horizon, options: PostgresOptions
    ) -> None:
        self._connection = connection
        self._table = table
        self._horizon = horizon
        self._options = options
        self.columns = tuple(column.name for column in table.columns)
        self.key = table.key

    def cursor(self, column: str) -> Cursor:
        """See `TableSnapshot`."""
        return self._table.column(column).as_cursor()

    def limit(self, cursor: Cursor) -> str | None:
        """See `TableSnapshot`. A time is bounded by the horizon; a date by the day before it, as a day goes on."""
        if cursor.kind not in TIME_KINDS:
            if self._options.lag:
                raise ConfigurationInvalid("DB_CURSOR_LAG_SECONDS needs a cursor column that is a time or a date")
            return None
        if self._horizon.blind:
            _LOG.info("other sessions' transactions cannot be seen: holding back by a fixed lag; see the README")
        unit = timedelta(microseconds=self._table.column(cursor.column).unit_microseconds)
        safe = self._horizon.safe - unit
        if cursor.kind == "timestamptz":
            return safe.isoformat()
        zone = self._options.time_zone or self._horizon.time_zone
        local = "(%s::timestamptz AT TIME ZONE %s)"
        query = f"SELECT ({local}::date - 1)::text" if cursor.kind == "date" else f"SELECT {local}::text"
        return str(self._rows(sql.SQL(query), [safe.isoformat(), zone])[0][0])

    def boundaries(self, cursor: Cursor, after: str | None, limit: str | None, rows: int) -> list[str]:
        """See `TableSnapshot`: one pass over the cursor column."""
        query = sql.SQL(
            "SELECT value::text FROM ("
            " SELECT value, number FROM (SELECT {value} AS value, row_number() OVER (ORDER BY {value}) AS number"
            " FROM {table} WHERE {where}) AS numbered WHERE number % {rows} = 0 UNION ALL"
            " (SELECT {value}, NULL FROM {table} WHERE {where} ORDER BY {value} DESC LIMIT 1)"
            ") AS ends ORDER BY number NULLS LAST"
        ).format(
            value=_column(cursor.column),
            table=self._from(),
            where=self._between(cursor, after, limit),
            rows=sql.Literal(rows),
        )
        return list(dict.fromkeys(row[0] for row in self._rows(query)))

    def held_back(self, cursor: Cursor, limit: str) -> int:
        """See `TableSnapshot`."""
        where = self._between(cursor, limit, None)
        return int(self._rows(sql.SQL("SELECT count(*) FROM {} WHERE {}").format(self._from(), where))[0][0])

    def has_unordered(self, cursor: Cursor) -> bool:
        """See `TableSnapshot`."""
        if not cursor.nullable:
            return False
        where = self._unordered(cursor)
        return bool(self._rows(sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {})").format(self._from(), where))[0][0])

    def copy(self, rows: Slice, fields: Sequence[Field], sink: RecordSink, *, ordered: bool) -> int:
        """See `TableSnapshot`."""
        columns = [self._table.column(field.column) for field in fields]
        selected = [
            sql.SQL("{} AS {}").format(column.written(_column(column.name)), sql.Identifier(field.name))
            for column, field in zip(columns, fields, strict=True)
        ]
        query = sql.SQL("SELECT {} FROM {} WHERE {}").format(
            sql.SQL(", ").join(selected), self._from(), self._where(rows)
        )
        if ordered:
            query += sql.SQL(" ORDER BY ") + self._order()
        lines = Lines(sink)
        with query_faults(str(self._table)), self._connection.cursor() as cursor:
            cursor.copy_expert(copy_statement(query, fields), lines)
            lines.flush()
            expected = cursor.rowcount
        if lines.feeds != expected:
            raise SourceDataInvalid(f"{self._table}: {expected} rows came as {lines.feeds} lines")
        return expected

    def _where(self, rows: Slice) -> sql.Composable:
        if isinstance(rows, AllRows):
            return sql.SQL("true")
        if isinstance(rows, Unordered):
            return self._unordered(rows.cursor)
        return self._between(rows.cursor, rows.after, rows.upto)

    def _between(self, cursor: Cursor, after: str | None, upto: str | None) -> sql.Composable:
        column = _column(cursor.column)
        conditions = [sql.SQL("NOT {}").format(self._unordered(cursor))]
        if after is not None:
            conditions.append(sql.SQL("{} > {}").format(column, sql.Literal(after)))
        if upto is not None:
            conditions.append(sql.SQL("{} <= {}").format(column, sql.Literal(upto)))
        return sql.SQL(" AND ").join(conditions)

    def _unordered(self, cursor: Cursor) -> sql.Composable:
        return self._table.column(cursor.column).unordered(_column(cursor.column))

    def _order(self) -> sql.Composable:
        """By the primary key; without one by the whole row's text, which makes equal rows' order irrelevant."""
        if self.key:
            return sql.SQL(", ").join(_column(name) for name in self.key)
        return sql.SQL('{}::text COLLATE "C"').format(_SOURCE)

    def _from(self) -> sql.Composable:
        return sql.SQL("{} AS {}").format(sql.Identifier(self._table.schema, self._table.name), _SOURCE)

    def _rows(self, query: sql.Composable, parameters: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        with query_faults(str(self._table)), self._connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return cursor.fetchall()


def _column(name: str) -> sql.Composable:
    return sql.Identifier("source", name)

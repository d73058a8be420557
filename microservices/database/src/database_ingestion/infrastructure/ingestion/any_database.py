"""Every other database that SQLAlchemy has a dialect for: rows are streamed and turned into JSON lines here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingestion_kernel.domain.exceptions import (
    ConfigurationInvalid,
    IngestionError,
    SourceDataInvalid,
    SourceUnavailable,
)
from ingestion_kernel.domain.ports.source import RecordSink
from sqlalchemy import (
    URL,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Numeric,
    Connection,
    and_,
    column,
    create_engine,
    exists,
    func,
    inspect,
    or_,
)
from sqlalchemy import select, table as sql_table, true
from sqlalchemy.exc import ArgumentError, DataError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeEngine

from database_ingestion.domain.slices import TIME_KINDS, AllRows, Cursor, Slice, Unordered
from database_ingestion.domain.table import Field, TableName
from database_ingestion.infrastructure.ingestion.json_lines import json_line, json_value

#: Rows in memory at once; rows can be fat.
_STREAMED_ROWS = 200
#: Held back where nothing is known of open transactions, in seconds. SQLite needs none: it has one writer at a time.
_BLIND_LAG_SECONDS = 300.0
_ADVICE = "Check that the database is up and reachable, and that the login may read the table."


class AnyDatabase:
    """See `Database`. `lag_seconds` is held back from a time cursor; None for a default that fits the dialect.

    Raises:
        ConfigurationInvalid: no driver for this URL is installed.
    """

    def __init__(self, url: URL, lag_seconds: float | None) -> None:
        self._lag = lag_seconds
        try:
            self._engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
        except (NoSuchModuleError, ImportError, ArgumentError):
            advice = "Install the driver beside this service, or correct the part of DATABASE_URL before ://."
            raise ConfigurationInvalid(f"no driver for {url.drivername}", advice=advice) from None

    @contextmanager
    def snapshot(self, table: TableName) -> Iterator[AnySnapshot]:
        """See `Database`."""
        with _faults(table):
            self._refuse_missing_file()
            connection = self._engine.connect()
        try:
            with _faults(table):
                _freeze(connection)
                snapshot = AnySnapshot(connection, table, self._lag)
            yield snapshot
        finally:
            connection.close()

    def _refuse_missing_file(self) -> None:
        """SQLite would create it, empty."""
        path = self._engine.url.database
        if self._engine.dialect.name == "sqlite" and not (path and Path(path.removeprefix("file:")).is_file()):
            raise SourceUnavailable("the SQLite file of DATABASE_URL does not exist")


class AnySnapshot:
    """See `TableSnapshot`. Columns are read without SQLAlchemy's types, so that values come as the driver has them."""

    def __init__(self, connection: Connection, table: TableName, lag_seconds: float | None) -> None:
        self._connection = connection
        self._name = table
        self._lag = lag_seconds
        inspector = inspect(connection)
        self._types = {str(item["name"]): item["type"] for item in inspector.get_columns(table.name, table.schema)}
        self.columns = tuple(self._types)
        self.key = tuple(inspector.get_pk_constraint(table.name, schema=table.schema)["constrained_columns"])
        self._table = sql_table(table.name, *(column(name) for name in self.columns), schema=table.schema)

    def cursor(self, column: str) -> Cursor:
        """See `TableSnapshot`. The kind is that of the highest value, as SQLite's columns have no type of their own."""
        highest = self._value(select(func.max(self._table.c[column])))
        return Cursor(column, _declared_kind(self._types[column]) if highest is None else _kind(highest))

    def limit(self, cursor: Cursor) -> str | None:
        """See `TableSnapshot`."""
        if cursor.kind not in TIME_KINDS:
            if self._lag:
                raise ConfigurationInvalid("DB_CURSOR_LAG_SECONDS needs a cursor column that is a time or a date")
            return None
        default = 0.0 if self._connection.dialect.name == "sqlite" else _BLIND_LAG_SECONDS
        lag = timedelta(seconds=default if self._lag is None else self._lag)
        now = datetime.now(UTC) if cursor.kind == "timestamptz" else self._value(select(func.current_timestamp()))
        if not isinstance(now, datetime):
            raise ConfigurationInvalid("the database does not tell the time; use a cursor column that is no time")
        if cursor.kind == "date":
            return ((now - lag).date() - timedelta(days=1)).isoformat()
        return ((now if cursor.kind == "timestamptz" else now.replace(tzinfo=None)) - lag).isoformat()

    def boundaries(self, cursor: Cursor, after: str | None, limit: str | None, rows: int) -> list[str]:
        """See `TableSnapshot`: one pass over the cursor column."""
        value = self._table.c[cursor.column]
        numbered = (
            select(
                value.label("upto"),
                func.row_number().over(order_by=value).label("place"),
                func.lead(value).over(order_by=value).label("following"),
            )
            .where(self._between(cursor, after, limit))
            .subquery()
        )
        ends = (
            select(numbered.c.upto)
            .where(or_(numbered.c.place % rows == 0, numbered.c.following.is_(None)))
            .order_by(numbered.c.place)
        )
        with _faults(self._name):
            return list(dict.fromkeys(str(json_value(row[0])) for row in self._connection.execute(ends)))

    def held_back(self, cursor: Cursor, limit: str) -> int:
        """See `TableSnapshot`."""
        query = select(func.count()).select_from(self._table).where(self._between(cursor, limit, None))
        return int(self._value(query))

    def has_unordered(self, cursor: Cursor) -> bool:
        """See `TableSnapshot`."""
        found = exists().select_from(self._table).where(self._table.c[cursor.column].is_(None))
        return bool(self._value(select(func.count()).where(found)))

    def copy(self, rows: Slice, fields: Sequence[Field], sink: RecordSink, *, ordered: bool) -> int:
        """See `TableSnapshot`."""
        names = [field.name for field in fields]
        query = select(*(self._table.c[field.column] for field in fields)).where(self._where(rows))
        if ordered:
            query = query.order_by(*(self._table.c[name] for name in self.key or self.columns))
        total = 0
        with _faults(self._name):
            streaming = {"stream_results": True, "max_row_buffer": _STREAMED_ROWS}
            with self._connection.execute(query, execution_options=streaming) as result:
                for chunk in result.partitions(_STREAMED_ROWS):
                    sink.write(b"".join(json_line(names, row) for row in chunk), len(chunk))
                    total += len(chunk)
        return total

    def _where(self, rows: Slice) -> ColumnElement[bool]:
        if isinstance(rows, AllRows):
            return true()
        if isinstance(rows, Unordered):
            return self._table.c[rows.cursor.column].is_(None)
        return self._between(rows.cursor, rows.after, rows.upto)

    def _between(self, cursor: Cursor, after: str | None, upto: str | None) -> ColumnElement[bool]:
        value = self._table.c[cursor.column]
        conditions: list[ColumnElement[bool]] = [value.is_not(None)]
        if after is not None:
            conditions.append(value > _from_text(cursor.kind, after))
        if upto is not None:
            conditions.append(value <= _from_text(cursor.kind, upto))
        return and_(*conditions)

    def _value(self, query: Any) -> Any:
        with _faults(self._name):
            return self._connection.execute(query).scalar()


def _freeze(connection: Connection) -> None:
    """One view of the table for the whole run, where the database has such a thing.

    Without it nothing is lost either: the windows' ends are fixed first, and a row that changes meanwhile moves
    behind them, into the next run.
    """
    if connection.dialect.name == "sqlite":  # its driver begins a transaction only before a write
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("BEGIN")
        return
    try:
        connection.execution_options(isolation_level="REPEATABLE READ")
    except ArgumentError:
        return


def _kind(value: object) -> str:
    if isinstance(value, datetime):
        return "timestamptz" if value.tzinfo else "timestamp"
    if isinstance(value, date):
        return "date"
    if isinstance(value, int | float | Decimal):
        return "number"
    return "text" if isinstance(value, str) else type(value).__name__


def _declared_kind(declared: TypeEngine[Any]) -> str:
    """For a column without any value."""
    if isinstance(declared, DateTime):
        return "timestamp"
    if isinstance(declared, Date):
        return "date"
    return "number" if isinstance(declared, Integer | Numeric) else "text"


def _from_text(kind: str, text: str) -> object:
    if kind in ("timestamp", "timestamptz"):
        return datetime.fromisoformat(text)
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "number":
        return int(text) if re.fullmatch(r"-?\d+", text) else Decimal(text)
    return text


@contextmanager
def _faults(table: TableName) -> Iterator[None]:
    """Turns what SQLAlchemy raises into the kernel's faults; its texts may quote values and are not passed on."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _fault(error, table) from None


def _fault(error: SQLAlchemyError, table: TableName) -> IngestionError:
    if isinstance(error, NoSuchTableError):
        return ConfigurationInvalid(f"the database has no table {table}", advice="Correct DB_TABLE.")
    if isinstance(error, DataError) or "Could not decode to UTF-8" in str(error):
        return SourceDataInvalid(f"{table}: the driver cannot convert a value of the table")
    return SourceUnavailable(f"{table} cannot be read ({type(error).__name__})", advice=_ADVICE)

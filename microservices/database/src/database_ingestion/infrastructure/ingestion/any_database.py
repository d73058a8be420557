"""Every other database that SQLAlchemy has a dialect for: rows are streamed and turned into JSON lines here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ingestion_kernel.domain.exceptions import ConfigurationInvalid, SourceUnavailable
from ingestion_kernel.domain.ports.source import RecordSink
from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    and_,
    column,
    create_engine,
    func,
    inspect,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy import table as sql_table
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from database_ingestion.domain.ports.database import Heap
from database_ingestion.domain.record import RecordForm
from database_ingestion.domain.slices import TIME_KINDS, Cursor, Position, Slice, Unordered, Window
from database_ingestion.domain.table import TableName
from database_ingestion.infrastructure.ingestion.any_errors import faults
from database_ingestion.infrastructure.ingestion.any_freeze import freeze
from database_ingestion.infrastructure.ingestion.any_kinds import declared_kind, from_text, kind
from database_ingestion.infrastructure.ingestion.json_lines import json_line, json_value

#: Rows in memory at once; rows can be fat.
_STREAMED_ROWS = 200
#: Held back where nothing is known of open transactions, in seconds. SQLite needs none: it has one writer at a time.
_BLIND_LAG_SECONDS = 300.0


class AnyDatabase:
    """See `Database`.

    Args:
        url: of any dialect that SQLAlchemy finds a driver for.
        lag_seconds: held back from a cursor that is a time; None for a default that fits the dialect.
        lag_numbers: held back from a cursor of numbers; None for none, which only SQLite needs not.

    Raises:
        ConfigurationInvalid: no driver for this URL is installed.
    """

    def __init__(self, url: URL, lag_seconds: float | None, lag_numbers: int | None = None) -> None:
        self._lags = (lag_seconds, lag_numbers)
        try:
            self._engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
        except (NoSuchModuleError, ImportError, ArgumentError):
            advice = "Install the driver beside this service, or correct the part of DATABASE_URL before ://."
            raise ConfigurationInvalid(f"no driver for {url.drivername}", advice=advice) from None

    @contextmanager
    def snapshot(self, table: TableName, guard: str | None = None) -> Iterator[AnySnapshot]:
        """See `Database`."""
        with faults(table):
            self._refuse_missing_file()
            connection = self._engine.connect()
        try:
            with faults(table):
                snapshot = AnySnapshot(connection, table, self._lags, frozen=freeze(connection))
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

    nested: frozenset[str] = frozenset()  # never asked: rows are written as JSON lines only

    def __init__(
        self, connection: Connection, table: TableName, lags: tuple[float | None, int | None], *, frozen: bool
    ) -> None:
        self._connection = connection
        self._name = table
        self._lag, self._lag_numbers = lags
        self.frozen = frozen
        inspector = inspect(connection)
        self._types = {str(item["name"]): item["type"] for item in inspector.get_columns(table.name, table.schema)}
        self.columns = tuple(self._types)
        self.key = tuple(inspector.get_pk_constraint(table.name, schema=table.schema)["constrained_columns"])
        self._kinds: dict[str, str] = {}
        self._table = sql_table(table.name, *(column(name) for name in self.columns), schema=table.schema)

    def cursor(self, column: str, key: tuple[str, ...] = ()) -> Cursor:
        """See `TableSnapshot`. The kind is that of the highest value, as SQLite's columns have no type of their own."""
        return Cursor(column, self._kind_of(column), key=key)

    def limit(self, cursor: Cursor) -> str | None:
        """See `TableSnapshot`."""
        if cursor.kind not in TIME_KINDS:
            return self._highest_number(cursor)
        if self._lag_numbers is not None:
            raise ConfigurationInvalid("DB_CURSOR_LAG_NUMBERS needs a cursor column of numbers")
        default = 0.0 if self._one_writer() else _BLIND_LAG_SECONDS
        lag = timedelta(seconds=default if self._lag is None else self._lag)
        now = datetime.now(UTC) if cursor.kind == "timestamptz" else self._value(select(func.current_timestamp()))
        if not isinstance(now, datetime):
            raise ConfigurationInvalid("the database does not tell the time; use a cursor column that is no time")
        if cursor.kind == "date":
            return ((now - lag).date() - timedelta(days=1)).isoformat()
        return ((now if cursor.kind == "timestamptz" else now.replace(tzinfo=None)) - lag).isoformat()

    def end_of_window(self, cursor: Cursor, after: Position | None, limit: str | None, rows: int) -> Position | None:
        """See `TableSnapshot`: the row that is `rows` rows away, or the last one."""
        columns = [self._table.c[name] for name in cursor.columns]
        query = select(*columns).where(self._between(cursor, after, None if limit is None else (limit,)))
        with faults(self._name):
            found = self._connection.execute(query.order_by(*columns).offset(rows - 1).limit(1)).first()
            if found is None:
                found = self._connection.execute(query.order_by(*(each.desc() for each in columns)).limit(1)).first()
        return None if found is None else tuple(str(json_value(value)) for value in found)

    def held_back(self, cursor: Cursor, limit: str) -> int:
        """See `TableSnapshot`."""
        return self._count(self._between(cursor, (limit,), None))

    def count(self, rows: Slice) -> int:
        """See `TableSnapshot`."""
        return self._count(self._where(rows))

    def heap(self) -> Heap | None:
        """See `TableSnapshot`."""
        return None

    def copy(self, rows: Slice, form: RecordForm, sink: RecordSink, *, ordered: bool) -> int:
        """See `TableSnapshot`."""
        names = [field.name for field in form.fields]
        query = select(*(self._table.c[field.column] for field in form.fields)).where(self._where(rows))
        if ordered:
            query = query.order_by(*(self._table.c[name] for name in self.key or self.columns))
        total = 0
        with faults(self._name):
            streaming = {"stream_results": True, "max_row_buffer": _STREAMED_ROWS}
            with self._connection.execute(query, execution_options=streaming) as result:
                for chunk in result.partitions(_STREAMED_ROWS):
                    sink.write(b"".join(json_line(names, row) for row in chunk), len(chunk))
                    total += len(chunk)
        return total

    def _where(self, rows: Slice) -> ColumnElement[bool]:
        if isinstance(rows, Window):
            return self._between(rows.cursor, rows.after, rows.upto)
        return self._unordered(rows.cursor) if isinstance(rows, Unordered) else true()

    def _unordered(self, cursor: Cursor) -> ColumnElement[bool]:
        return or_(*(self._table.c[name].is_(None) for name in cursor.columns))

    def _between(self, cursor: Cursor, after: Position | None, upto: Position | None) -> ColumnElement[bool]:
        conditions: list[ColumnElement[bool]] = [self._table.c[name].is_not(None) for name in cursor.columns]
        if after is not None:
            conditions.append(self._beyond(cursor, after))
        if upto is not None:
            conditions.append(not_(self._beyond(cursor, upto)))
        return and_(*conditions)

    def _beyond(self, cursor: Cursor, position: Position) -> ColumnElement[bool]:
        """Rows behind a position, spelled out, as not every database compares rows of columns."""
        kinds = [cursor.kind, *(self._kind_of(name) for name in cursor.key)]
        alternatives: list[ColumnElement[bool]] = []
        equal: list[ColumnElement[bool]] = []
        for name, type_, text in zip(cursor.columns, kinds, position, strict=False):
            column, value = self._table.c[name], from_text(type_, text)
            alternatives.append(and_(*equal, column > value))
            equal.append(column == value)
        return or_(*alternatives)

    def _kind_of(self, column: str) -> str:
        if column not in self._kinds:
            highest = self._value(select(func.max(self._table.c[column])))
            self._kinds[column] = declared_kind(self._types[column]) if highest is None else kind(highest)
        return self._kinds[column]

    def _highest_number(self, cursor: Cursor) -> str | None:
        """None where no bound is needed: SQLite has one writer at a time. Others cannot be asked who writes."""
        if self._lag:
            raise ConfigurationInvalid("DB_CURSOR_LAG_SECONDS needs a cursor column that is a time or a date")
        if self._lag_numbers is not None and cursor.kind != "number":
            raise ConfigurationInvalid("DB_CURSOR_LAG_NUMBERS needs a cursor column of numbers")
        if not self._lag_numbers:
            if self._lag_numbers is None and cursor.kind == "number" and not self._one_writer():
                text = "this database cannot be asked which numbers are still out"
                raise ConfigurationInvalid(text, advice="Set DB_CURSOR_LAG_NUMBERS to how many may be; 0 for none.")
            return None
        highest = self._value(select(func.max(self._table.c[cursor.column])))
        return None if highest is None else str(json_value(highest - self._lag_numbers))

    def _one_writer(self) -> bool:
        return self._connection.dialect.name == "sqlite"

    def _count(self, condition: ColumnElement[bool]) -> int:
        return int(self._value(select(func.count()).select_from(self._table).where(condition)))

    def _value(self, query: Any) -> Any:
        with faults(self._name):
            return self._connection.execute(query).scalar()

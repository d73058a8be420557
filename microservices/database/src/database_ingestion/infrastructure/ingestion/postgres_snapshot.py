"""One REPEATABLE READ transaction, and what is asked in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg2
from ingestion_kernel.application.helpers.interruption import reason_to_drop
from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.domain.ports.source import RecordSink
from psycopg2 import sql
from psycopg2.extensions import connection as Psycopg2Connection

from database_ingestion.domain.ports.database import Heap
from database_ingestion.domain.record import RecordForm
from database_ingestion.domain.slices import TIME_KINDS, Blocks, Cursor, Position, Slice
from database_ingestion.infrastructure.ingestion.postgres_catalog import PostgresTable
from database_ingestion.infrastructure.ingestion.postgres_copy import Lines, Rows, rows_of
from database_ingestion.infrastructure.ingestion.postgres_errors import query_faults
from database_ingestion.infrastructure.ingestion.postgres_hang_up import hang_up
from database_ingestion.infrastructure.ingestion.postgres_horizon import Horizon
from database_ingestion.infrastructure.ingestion.postgres_parallel import copy_in_parallel, shares_of
from database_ingestion.infrastructure.ingestion.postgres_where import between, from_table, where

_LOG = logging.getLogger(__name__)
_RANGE_SCANS_FROM = 140000  # PostgreSQL 14 reads ctid ranges without reading the rest
_HEAP = """
SELECT pg_relation_size(oid) / current_setting('block_size')::int, greatest(reltuples, 0) / greatest(relpages, 1)
FROM pg_class WHERE oid = %s AND relam = (SELECT oid FROM pg_am WHERE amname = 'heap')
"""


@dataclass(frozen=True, slots=True)
class Guard:
    """What was found before the snapshot was taken.

    Attributes:
        horizon: for cursors that are times.
        column: the cursor that is none, whose highest settled value is `highest`.
        time_zone: what a timestamp without time zone means; None for the database's own.
    """

    horizon: Horizon
    column: str | None
    highest: str | None
    time_zone: str | None


class PostgresSnapshot:
    """See `TableSnapshot`.

    Args:
        connection: in its transaction.
        table: as the catalog has it.
        guard: bounds of what is settled.
        join: another connection that sees the same snapshot, whose id is given.
    """

    frozen = True

    def __init__(
        self,
        connection: Psycopg2Connection,
        table: PostgresTable,
        guard: Guard,
        join: Callable[[str], Psycopg2Connection],
    ) -> None:
        self._connection = connection
        self._table = table
        self._guard = guard
        self._join = join
        self._helpers: list[Psycopg2Connection] = []
        self.columns = tuple(column.name for column in table.columns)
        self.key = table.key
        self.nested = frozenset(column.name for column in table.columns if column.is_json)

    def cursor(self, column: str, key: tuple[str, ...] = ()) -> Cursor:
        """See `TableSnapshot`."""
        return self._table.as_cursor(column, key)

    def limit(self, cursor: Cursor) -> str | None:
        """See `TableSnapshot`. A time is bounded by the horizon; a date by the day before it, as a day goes on."""
        if cursor.kind not in TIME_KINDS:
            if cursor.column != self._guard.column:
                raise ConfigurationInvalid(f"{cursor.column!r} is not the cursor that this run guards")
            return self._guard.highest  # None: no row had a value, nor has one in this snapshot
        if self._guard.horizon.blind:
            _LOG.info("other sessions' transactions cannot be seen: holding back by a fixed lag; see the README")
        unit = timedelta(microseconds=self._table.column(cursor.column).unit_microseconds)
        safe = self._guard.horizon.safe - unit
        if cursor.kind == "timestamptz":
            return safe.isoformat()
        zone = self._guard.time_zone or self._guard.horizon.time_zone
        local = "(%s::timestamptz AT TIME ZONE %s)"
        query = f"SELECT ({local}::date - 1)::text" if cursor.kind == "date" else f"SELECT {local}::text"
        return str(self._rows(sql.SQL(query), [safe.isoformat(), zone])[0][0])

    def has_values(self, column: str) -> bool:
        """True if a row has a place in the order of `column`."""
        return self.end_of_window(self.cursor(column), None, None, 1) is not None

    def end_of_window(self, cursor: Cursor, after: Position | None, limit: str | None, rows: int) -> Position | None:
        """See `TableSnapshot`: the row that is `rows` rows away, or the last one. An index serves both."""
        columns = [sql.Identifier("source", name) for name in cursor.columns]
        parts = {
            "values": sql.SQL(", ").join(sql.SQL("{}::text").format(column) for column in columns),
            "table": from_table(self._table),
            "where": between(self._table, cursor, after, None if limit is None else (limit,)),
        }
        forth = sql.SQL(", ").join(columns)
        back = sql.SQL(", ").join(sql.SQL("{} DESC").format(column) for column in columns)
        select = "SELECT {values} FROM {table} WHERE {where} ORDER BY {order} OFFSET {skipped} LIMIT 1"
        for order, skipped in ((forth, rows - 1), (back, 0)):
            found = self._rows(sql.SQL(select).format(**parts, order=order, skipped=sql.Literal(skipped)))
            if found:
                return tuple(found[0])
        return None

    def held_back(self, cursor: Cursor, limit: str) -> int:
        """See `TableSnapshot`."""
        return self._count(between(self._table, cursor, (limit,), None))

    def count(self, rows: Slice) -> int:
        """See `TableSnapshot`."""
        return self._count(where(self._table, rows))

    def heap(self) -> Heap | None:
        """See `TableSnapshot`."""
        if self._table.kind != "r" or self._connection.server_version < _RANGE_SCANS_FROM:
            return None
        found = self._rows(sql.SQL(_HEAP), [self._table.oid])
        return Heap(int(found[0][0]), max(1.0, float(found[0][1]))) if found else None

    def copy(self, rows: Slice, form: RecordForm, sink: RecordSink, *, ordered: bool) -> int:
        """See `TableSnapshot`."""
        strategy = rows_of(self._table, form)
        with query_faults(str(self._table)):
            if isinstance(rows, Blocks) and rows.parts > 1:
                return self._copy_in_parallel(rows, strategy, sink)
            return self._copy(self._query(rows, strategy, ordered), strategy, sink)

    def hang_up_helpers(self) -> None:
        """End what the helpers are asked, from another thread."""
        for helper in list(self._helpers):
            hang_up(helper)

    def close(self) -> None:
        """Let the helpers go."""
        while self._helpers:
            self._helpers.pop().close()

    def _copy(self, query: sql.Composable, strategy: Rows, sink: RecordSink) -> int:
        lines = Lines(strategy, sink)
        with self._connection.cursor() as cursor:
            cursor.execute("SAVEPOINT batch")
            try:
                cursor.copy_expert(strategy.statement(query), lines)
                lines.flush()
            except psycopg2.Error:
                raise
            except Exception:
                if reason_to_drop() is None:  # else nothing more is asked, and a request to cancel may hang
                    self._abandon()
                raise
            expected = cursor.rowcount
            cursor.execute("RELEASE SAVEPOINT batch")
        return expected

    def _abandon(self) -> None:
        """Stop the COPY that runs and keep the snapshot: without the savepoint it would go with its transaction."""
        with suppress(psycopg2.Error):
            self._connection.cancel()
            with suppress(psycopg2.Error), self._connection.cursor() as cursor:
                cursor.execute("SELECT")  # takes the cancellation, if the COPY had ended before it came
            with self._connection.cursor() as cursor:
                cursor.execute("ROLLBACK TO SAVEPOINT batch")

    def _copy_in_parallel(self, rows: Blocks, strategy: Rows, sink: RecordSink) -> int:
        heap = self.heap()
        assert heap is not None  # it made the blocks
        shares = shares_of(rows, heap.blocks)
        if not self._helpers:
            exported = str(self._rows(sql.SQL("SELECT pg_export_snapshot()"))[0][0])
            for _ in range(rows.parts):
                self._helpers.append(self._join(exported))
        statements = [strategy.statement(self._query(share, strategy, ordered=False)) for share in shares]
        try:
            return copy_in_parallel(self._helpers, statements, strategy, sink)
        except Exception:
            self.close()  # their transactions are broken; the next batch takes new ones
            raise

    def _query(self, rows: Slice, strategy: Rows, ordered: bool) -> sql.Composable:
        query = sql.SQL("SELECT {} FROM {} WHERE {}").format(
            strategy.select(), from_table(self._table), where(self._table, rows)
        )
        if ordered and not isinstance(rows, Blocks):
            query += sql.SQL(" ORDER BY ") + self._order()
        return query

    def _order(self) -> sql.Composable:
        """By the primary key; without one by the whole row's text, which makes equal rows' order irrelevant."""
        if self.key:
            return sql.SQL(", ").join(sql.Identifier("source", name) for name in self.key)
        # with the star it is the row even where a column is called source, too
        return sql.SQL('({}.*)::text COLLATE "C"').format(sql.Identifier("source"))

    def _count(self, condition: sql.Composable) -> int:
        query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(from_table(self._table), condition)
        return int(self._rows(query)[0][0])

    def _rows(self, query: sql.Composable, parameters: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        with query_faults(str(self._table)), self._connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return cursor.fetchall()

"""Canonical CSV as PostgreSQL writes it: no work is left to do here.

COPY's csv format is RFC 4180: a field with a comma, a quote or a line end is quoted, quotes within are doubled, a row
ends in a line feed. NULL is nothing between two commas, an empty text is two quotes
(https://www.postgresql.org/docs/current/sql-copy.html). A record may hold line feeds, so records are counted as the
server sends them, each in a message of its own, and never by looking for line ends.
"""

from __future__ import annotations

from psycopg2 import sql

from database_ingestion.domain.record import RecordForm
from database_ingestion.domain.table import Field
from database_ingestion.infrastructure.ingestion.postgres_catalog import PostgresTable
from database_ingestion.infrastructure.ingestion.postgres_json import json_columns, row_alias

_COPY = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)")
_NULL = sql.SQL("NULL")
_EXTRA = sql.SQL("CASE WHEN {some} THEN (SELECT row_to_json({row}) FROM (SELECT {columns}) AS {row})::text END")


class CsvRows:
    """Strategy of `copy`: each column of the contract as the text that JSON would hold, all others in `_extra`."""

    def __init__(self, table: PostgresTable, form: RecordForm) -> None:
        self._table = table
        self._form = form

    def select(self) -> sql.Composable:
        """See `Rows`."""
        known = {field.name: field for field in self._form.known}
        items = [self._text(known[name]) if name in known else _NULL for name in self._form.contract]
        return sql.SQL(", ").join([*items, self._extra(self._form.unknown)])

    def statement(self, query: sql.Composable) -> sql.Composed:
        """See `Rows`."""
        return _COPY.format(query)

    def convert(self, piece: bytes, rows: int) -> bytes:
        """See `Rows`: it is what raw holds."""
        return piece

    def _text(self, field: Field) -> sql.Composable:
        return self._table.column(field.column).as_text(sql.Identifier("source", field.column))

    def _extra(self, fields: tuple[Field, ...]) -> sql.Composable:
        """A JSON object of the fields; NULL if they all are, as JSON lines then leave nothing to rescue either."""
        if not fields:
            return _NULL
        columns = [self._table.column(field.column) for field in fields]
        # DISTINCT, as a composite of NULLs is not NULL, but IS NULL
        some = [sql.SQL("{} IS DISTINCT FROM NULL").format(sql.Identifier("source", column.name)) for column in columns]
        return _EXTRA.format(
            some=sql.SQL(" OR ").join(some), columns=json_columns(columns, fields), row=row_alias(fields)
        )

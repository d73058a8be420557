"""PostgreSQL's COPY of rows as JSON lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ingestion_kernel.domain.exceptions import SourceDataInvalid
from ingestion_kernel.domain.ports.source import RecordSink
from psycopg2 import sql

from database_ingestion.domain.table import Field
from database_ingestion.infrastructure.ingestion.postgres_catalog import PostgresColumn
from database_ingestion.infrastructure.ingestion.postgres_text import TextRows, can_be_text

# JSON escapes control characters, so these two never occur in a line and nothing is quoted or doubled.
_COPY = (
    "COPY (SELECT row_to_json({row}) FROM ({rows}) AS {row}) TO STDOUT (FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02')"
)

#: Rows are converted and passed on in pieces of this size, cut between two rows. It fits the processor's cache.
_PIECE_BYTES = 64 * 1024


class Rows(Protocol):
    """How rows leave the server, and what is left to do here."""

    def select(self) -> sql.Composable:
        """The list of SELECT; the table is called `source`."""

    def statement(self, query: sql.Composable) -> sql.Composed:
        """COPY of the query."""

    def convert(self, piece: bytes, rows: int) -> bytes:
        """JSON lines of whole rows as COPY wrote them. Raises SourceDataInvalid."""


def rows_of(columns: Sequence[PostgresColumn], fields: Sequence[Field]) -> Rows:
    """The fastest strategy that these columns allow."""
    return TextRows(columns, fields) if can_be_text(columns, fields) else JsonRows(columns, fields)


class JsonRows:
    """Strategy for tables with columns that are JSON already: the server writes whole records."""

    def __init__(self, columns: Sequence[PostgresColumn], fields: Sequence[Field]) -> None:
        self._columns = columns
        self._fields = fields

    def select(self) -> sql.Composable:
        """See `Rows`."""
        return sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(
                column.as_json(sql.Identifier("source", column.name)), sql.Identifier(field.name)
            )
            for column, field in zip(self._columns, self._fields, strict=True)
        )

    def statement(self, query: sql.Composable) -> sql.Composed:
        """See `Rows`. row_to_json(x) means the column x if there is one, so the row's alias must be no field's name."""
        alias, taken = "record", {field.name for field in self._fields}
        while alias in taken:
            alias += "_"
        return sql.SQL(_COPY).format(row=sql.Identifier(alias), rows=query)

    def convert(self, piece: bytes, rows: int) -> bytes:
        """See `Rows`. A line feed that slipped through would tear a record apart."""
        lines = piece.count(b"\n")
        if lines != rows:
            raise SourceDataInvalid(f"{rows} rows came as {lines} lines")
        return piece


class Lines:
    """The file that COPY writes to: one call is one row. A few rows go on together, as each call costs."""

    def __init__(self, rows: Rows, sink: RecordSink) -> None:
        self._rows = rows
        self._sink = sink
        self._buffer = bytearray()
        self._buffered = 0

    def write(self, line: bytes) -> None:
        """Called by the driver for each row."""
        self._buffer += line
        self._buffered += 1
        if len(self._buffer) >= _PIECE_BYTES:
            self.flush()

    def flush(self) -> None:
        """Pass on what is left."""
        if self._buffered:
            piece = self._rows.convert(bytes(self._buffer), self._buffered)
            self._sink.write(piece, self._buffered)
        self._buffer.clear()
        self._buffered = 0

"""PostgreSQL's COPY of rows, and how they are gathered on this side."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Protocol

from ingestion_kernel.domain.batch import RawFormat
from ingestion_kernel.domain.exceptions import SourceDataInvalid
from ingestion_kernel.domain.ports.source import RecordSink
from psycopg2 import sql

from database_ingestion.domain.record import RecordForm
from database_ingestion.domain.table import Field
from database_ingestion.infrastructure.ingestion.postgres_catalog import PostgresColumn, PostgresTable
from database_ingestion.infrastructure.ingestion.postgres_csv import CsvRows
from database_ingestion.infrastructure.ingestion.postgres_json import json_columns, row_alias
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
        """Records for raw from whole rows as COPY wrote them. Raises SourceDataInvalid."""


def rows_of(table: PostgresTable, form: RecordForm) -> Rows:
    """The fastest strategy for this form that the table's columns allow."""
    if form.format is RawFormat.CSV:
        return CsvRows(table, form)
    columns = [table.column(field.column) for field in form.fields]
    return TextRows(columns, form.fields) if can_be_text(columns, form.fields) else JsonRows(columns, form.fields)


class JsonRows:
    """Strategy for tables with columns that are JSON already: the server writes whole records."""

    def __init__(self, columns: Sequence[PostgresColumn], fields: Sequence[Field]) -> None:
        self._columns = columns
        self._fields = fields

    def select(self) -> sql.Composable:
        """See `Rows`."""
        return json_columns(self._columns, self._fields)

    def statement(self, query: sql.Composable) -> sql.Composed:
        """See `Rows`."""
        return sql.SQL(_COPY).format(row=row_alias(self._fields), rows=query)

    def convert(self, piece: bytes, rows: int) -> bytes:
        """See `Rows`. A line feed that slipped through would tear a record apart."""
        lines = piece.count(b"\n")
        if lines != rows:
            raise SourceDataInvalid(f"{rows} rows came as {lines} lines")
        return piece


class Lines:
    """The file that COPY writes to: one call is one row. Rows go on together, as each call costs.

    Attributes:
        write: called by the driver for each row, which the server sends in a message of its own. It resumes a
            generator: a third of the time that a method of Python's would take.
    """

    def __init__(self, rows: Rows, sink: RecordSink) -> None:
        self._rows = rows
        self._sink = sink
        self._pending: list[bytes] = []
        collecting = self._collect()
        next(collecting)
        self.write: Callable[[bytes], None] = collecting.send

    def flush(self) -> None:
        """Pass on what is left."""
        count = len(self._pending)
        if count:
            self._sink.write(self._rows.convert(b"".join(self._pending), count), count)
        self._pending.clear()

    def _collect(self) -> Generator[None, bytes]:
        pending = self._pending
        while True:
            size = 0
            while size < _PIECE_BYTES:
                row = yield
                pending.append(row)
                size += len(row)
            self.flush()

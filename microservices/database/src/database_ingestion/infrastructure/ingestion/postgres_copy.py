"""PostgreSQL's COPY of rows as JSON lines."""

from __future__ import annotations

from collections.abc import Sequence

from ingestion_kernel.domain.ports.source import RecordSink
from psycopg2 import sql

from database_ingestion.domain.table import Field

# JSON escapes control characters, so these two never occur in a line and nothing is quoted or doubled.
_COPY = (
    "COPY (SELECT row_to_json({row}) FROM ({rows}) AS {row}) TO STDOUT (FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02')"
)

#: Rows are passed on in pieces of this size, cut between two rows.
_BUFFER_BYTES = 64 * 1024


def copy_statement(rows: sql.Composable, fields: Sequence[Field]) -> sql.Composed:
    """COPY of the query `rows`, whose columns are named as `fields` are.

    row_to_json(x) means the column x if there is one, so the alias of the row must be no field's name.
    """
    alias, taken = "record", {field.name for field in fields}
    while alias in taken:
        alias += "_"
    return sql.SQL(_COPY).format(row=sql.Identifier(alias), rows=rows)


class Lines:
    """The file that COPY writes to: one call is one row. A few rows go on together, as each call costs."""

    def __init__(self, sink: RecordSink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self.feeds = 0

    def write(self, line: bytes) -> None:
        """Called by the driver for each row."""
        self._buffer += line
        if len(self._buffer) >= _BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Pass on what is left."""
        rows = self._buffer.count(b"\n")
        if rows:
            self._sink.write(bytes(self._buffer), rows)
        self.feeds += rows
        self._buffer.clear()

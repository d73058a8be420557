"""JSON lines made from PostgreSQL's own text format: half the work that row_to_json is to the server.

COPY's text format escapes as JSON does, but for the quote: a backslash is doubled, line feed and tab become \\n and
\\t (https://www.postgresql.org/docs/current/sql-copy.html). So a record needs no parsing here. The query puts constant
columns between the values,

    {<Q>customer_id<Q>:  <D>  C1  <D>  ,<Q>cpf<Q>:  <D>  123  <D>  }

where D is the delimiter and Q another control character. A few passes over each piece, all in C, turn quotes of values
into \\" first and D and Q into quotes then. A NULL comes as \\N between two delimiters, which no value can be, as its
backslash would be doubled.

A control character within a value is what could break this. Those that COPY does not escape are found by counting: a
piece has as many control characters as its rows have of our own, or it takes the careful way, row by row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from psycopg2 import sql

from database_ingestion.domain.table import Field
from database_ingestion.infrastructure.ingestion.postgres_catalog import PostgresColumn

_D, _Q = b"\x02", b"\x03"
_NULL = _D + b"\\N" + _D
_COPY = sql.SQL("COPY ({}) TO STDOUT (FORMAT text, DELIMITER e'\\x02')")
_CONTROLS = bytes(range(32))
_TO_QUOTES = bytes.maketrans(_D + _Q, b'""')
# an escape as a whole, so that the second half of \\ is not taken for the beginning of one; or a bare control character
_ESCAPES = re.compile(rb"\\.|[\x00\x01\x04-\x09\x0b-\x1f]", re.DOTALL)


def can_be_text(columns: Sequence[PostgresColumn], fields: Sequence[Field]) -> bool:
    """False if a column is JSON itself, which must not be quoted, or a name holds a control character."""
    names = "".join(field.name for field in fields)
    return not any(column.is_json for column in columns) and names.isprintable()


class TextRows:
    """Strategy of `copy`: see the module. `columns` and `fields` belong together, one by one."""

    def __init__(self, columns: Sequence[PostgresColumn], fields: Sequence[Field]) -> None:
        self._columns = columns
        self._fields = fields
        self._controls_a_row = 4 * len(fields) + 1  # 2 D and 2 Q a field, and the line feed

    def select(self) -> sql.Composable:
        """The list of SELECT."""
        items: list[sql.Composable] = []
        for number, (column, field) in enumerate(zip(self._columns, self._fields, strict=True)):
            items.append(sql.Literal(f"{',' if number else '{'}{_Q.decode()}{field.name}{_Q.decode()}:"))
            items.append(column.as_text(sql.Identifier("source", column.name)))
        return sql.SQL(", ").join([*items, sql.Literal("}")])

    def statement(self, query: sql.Composable) -> sql.Composed:
        """COPY of the query."""
        return _COPY.format(query)

    def convert(self, piece: bytes, rows: int) -> bytes:
        """JSON lines of whole rows as COPY wrote them."""
        controls = len(piece) - len(piece.translate(None, _CONTROLS))
        escaped = b"\\" in piece  # a search for one byte is nearly free, one for two or three is not
        if controls != rows * self._controls_a_row or (escaped and b"\\v" in piece):
            piece = _careful(piece)
        piece = piece.replace(b'"', b'\\"')
        return (piece.replace(_NULL, b"null") if escaped else piece).translate(_TO_QUOTES)


def _careful(piece: bytes) -> bytes:
    """The same piece with each foreign control character as JSON's \\u escape."""
    lines = []
    for line in _ESCAPES.sub(_as_json, piece).split(b"\n")[:-1]:
        cells = line.split(_D)  # any D that is left is ours
        cells[1::2] = [cell.replace(_Q, b"\\u0003") for cell in cells[1::2]]
        lines.append(_D.join(cells) + b"\n")
    return b"".join(lines)


def _as_json(found: re.Match[bytes]) -> bytes:
    text = found.group()
    if text == b"\\v":
        return b"\\u000b"
    if len(text) == 1 or text[1:] == _D:
        return b"\\u%04x" % text[-1]
    return text

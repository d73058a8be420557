"""JSON lines made from PostgreSQL's own text format: half the work that row_to_json is to the server.

COPY's text format with a quote as delimiter escapes as JSON does: a quote and a backslash get a backslash, line feed
and tab become \\n and \\t (https://www.postgresql.org/docs/current/sql-copy.html). So a record needs no parsing here.
The query puts constant columns between the values,

    {<Q>customer_id<Q>:  "  C1  "  ,<Q>cpf<Q>:  "  123  "  }

where Q is a control character, as a quote would be escaped. In each piece every Q becomes a quote, and "\\N" becomes
null: no value can look like that, as its backslash would be doubled.

A control character within a value is what could break this. Those that COPY does not escape are found by counting: a
piece has as many control characters as its rows have of our own, or it takes the careful way, row by row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from psycopg2 import sql

from database_ingestion.domain.table import Field
from database_ingestion.infrastructure.ingestion.postgres_catalog import PostgresColumn

_Q = b"\x03"
_COPY = sql.SQL("COPY ({}) TO STDOUT (FORMAT text, DELIMITER '\"')")
_NULL = b'"\\N"'
_CONTROLS = bytes(range(32))
# an escape as a whole, so that the second half of \\ is not taken for the beginning of one; or a bare control character
_ESCAPES = re.compile(rb"\\.|[\x00-\x02\x04-\x09\x0b-\x1f]", re.DOTALL)
# a value with its delimiters; between two of them are only our constants, in which a name may hold an escape
_VALUE = re.compile(rb'\\.|"(?:[^"\\]|\\.)*"', re.DOTALL)


def can_be_text(columns: Sequence[PostgresColumn], fields: Sequence[Field]) -> bool:
    """False if a column is JSON itself, which must not be quoted, or a name holds a control character."""
    names = "".join(field.name for field in fields)
    return not any(column.is_json for column in columns) and names.isprintable()


class TextRows:
    """Strategy of `copy`: see the module. `columns` and `fields` belong together, one by one."""

    def __init__(self, columns: Sequence[PostgresColumn], fields: Sequence[Field]) -> None:
        self._columns = columns
        self._fields = fields
        self._controls_a_row = 2 * len(fields) + 1  # 2 Q a field, and the line feed

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
        escaped = b"\\" in piece  # a search for one byte is nearly free, one for two is not
        if controls != rows * self._controls_a_row or (escaped and b"\\v" in piece):
            piece = _VALUE.sub(_without_q, _ESCAPES.sub(_as_json, piece))
        if escaped:
            piece = piece.replace(_NULL, b"null")
        return piece.replace(_Q, b'"')


def _as_json(found: re.Match[bytes]) -> bytes:
    text = found.group()
    if text == b"\\v":
        return b"\\u000b"
    return b"\\u%04x" % text[0] if len(text) == 1 else text


def _without_q(found: re.Match[bytes]) -> bytes:
    return found.group().replace(_Q, b"\\u0003")

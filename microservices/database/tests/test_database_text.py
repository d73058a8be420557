"""The fast way out of PostgreSQL: each record must be the one that the server's own row_to_json would have written."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from database_ingestion.domain.table import Field, TableName
from database_ingestion.infrastructure.ingestion.postgres_catalog import read_table
from database_ingestion.infrastructure.ingestion.postgres_copy import JsonRows, Lines, Rows
from database_ingestion.infrastructure.ingestion.postgres_text import TextRows, can_be_text
from psycopg2 import sql

ALPHABET = (
    [chr(code) for code in range(1, 33)] + list('"\\\\\\Nnv.tbu{},:0é日😀\u2028') + ['"\\N"', "\\N", "\\v", "\\\\v"]
)


class Kept:
    """A sink in memory."""

    def __init__(self) -> None:
        self.data = b""
        self.rows = 0

    def write(self, data: bytes, rows: int = 1) -> None:
        self.data += data
        self.rows += rows


def _taken(database: Any, strategy: type[Any], table: str = "customers") -> list[dict[str, Any]]:
    """All rows by that strategy, each line parsed on its own."""
    connection = database.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute("SET IntervalStyle = 'iso_8601'")
        found = read_table(cursor, TableName(None, table))
        fields = [Field(column.name, column.name) for column in found.columns]
        rows: Rows = strategy(found.columns, fields)
        sink = Kept()
        lines = Lines(rows, sink)
        query = sql.SQL("SELECT {} FROM {} AS source ORDER BY source.id").format(rows.select(), sql.Identifier(table))
        cursor.copy_expert(rows.statement(query), lines)
        lines.flush()
        assert sink.rows == cursor.rowcount
    return [json.loads(line) for line in sink.data.split(b"\n") if line]


def test_any_text_comes_as_row_to_json_writes_it(database: Any) -> None:
    random.seed(20261124)
    database.execute('CREATE TABLE customers (id int, a text, "b ""\\ é" varchar, c text)')
    texts = [None, "", "\\N", *ALPHABET, *("".join(random.choices(ALPHABET, k=12)) for _ in range(3000))]
    rows = [(number, text, random.choice(texts), random.choice(texts)) for number, text in enumerate(texts)]
    for row in rows[:200]:
        database.execute("INSERT INTO customers VALUES (%s, %s, %s, %s)", row)
    values = ",".join(["(%s, %s, %s, %s)"] * len(rows[200:]))
    database.execute(f"INSERT INTO customers VALUES {values}", [value for row in rows[200:] for value in row])

    fast = _taken(database, TextRows)
    assert fast == _taken(database, JsonRows)
    assert [(row["a"], row['b "\\ é'], row["c"]) for row in fast] == [row[1:] for row in rows]


@pytest.mark.parametrize("size", ["few rows, so that clean pieces take the short way", "each piece has an odd row"])
def test_odd_and_plain_rows_beside_each_other(database: Any, size: str) -> None:
    every = 5000 if size.startswith("few") else 50
    database.execute("CREATE TABLE customers (id int, a text, b text)")
    database.execute(
        f"INSERT INTO customers SELECT n, CASE WHEN n % {every} = 0 THEN E'\\x01\\x02\\x03\\x0b\\\\' ELSE 'plain' END,"
        " CASE WHEN n % 7 = 0 THEN NULL ELSE repeat('x', 30) END FROM generate_series(1, 20000) AS n"
    )
    assert _taken(database, TextRows) == _taken(database, JsonRows)


def test_every_scalar_type_comes_alike(database: Any) -> None:
    types = {
        "numeric": ["'NaN'", "-1.10", "1e30", "'Infinity'"],
        "float4": ["0.1", "'-Infinity'", "1e-30"],
        "float8": ["0.1 + 0.2::float8", "'NaN'", "1e300"],
        "bool": ["true", "false"],
        "char(5)": ["'ab'", "''"],
        "date": ["'infinity'", "'0044-03-15 BC'", "'12025-01-01'"],
        "timestamp": ["'2025-03-31 12:00:00.1'", "'-infinity'", "'0044-03-15 01:00:00 BC'"],
        "timestamptz": ["'2025-03-31 12:00:00.123456-03'", "'infinity'", "'0044-03-15 01:00:00 BC'", "'12025-01-01'"],
        "time": ["'12:00:00.5'"],
        "timetz": ["'12:00:00.5-03'"],
        "interval": ["'1 day -2 hours'"],
        "bytea": ["'\\x00ff0a5c22'", "''"],
        "json": ['E\'{"a":\\n "\\\\\\\\ "}\''],
        "money": ["1234.56"],
        "uuid": ["'6f1c8f8e-0000-4000-8000-000000000001'"],
        "inet": ["'10.0.0.1/8'"],
        '"char"': ["'a'"],
        "name": ["'n'"],
        "bit(3)": ["B'101'"],
        "int4range": ["'[1,5)'"],
        "point": ["'(1,2)'"],
        "tsvector": ["'a b'"],
        "mood": ["E'so\\n\"so'"],
    }
    database.execute("CREATE TYPE mood AS ENUM (E'so\\n\"so')")
    columns = ", ".join(f"c{number} {name}" for number, name in enumerate(types))
    database.execute(f"CREATE TABLE customers (id int, {columns})")
    for row in range(5):
        cells = [literals[row] if row < len(literals) else "NULL" for literals in types.values()]
        database.execute(f"INSERT INTO customers VALUES ({row}, {', '.join(cells)})")
    assert _taken(database, TextRows) == _taken(database, JsonRows)


def test_documents_and_odd_names_leave_it_to_the_server(database: Any) -> None:
    database.execute('CREATE TABLE customers (id int, d jsonb, a text[], "tab\t" text)')
    with database.connect().cursor() as cursor:
        columns = read_table(cursor, TableName(None, "customers")).columns
    for column, expected in zip(columns, [True, False, False, False], strict=True):
        assert can_be_text([column], [Field(column.name, column.name)]) is expected

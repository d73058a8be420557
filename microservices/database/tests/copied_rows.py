"""Rows as a strategy of COPY writes them, and tables whose values are awkward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from database_ingestion.domain.record import RecordForm
from database_ingestion.domain.table import Field, TableName
from database_ingestion.infrastructure.ingestion.postgres_catalog import PostgresTable, read_table
from database_ingestion.infrastructure.ingestion.postgres_copy import Lines, Rows
from ingestion_kernel.domain.batch import RawFormat
from psycopg2 import sql

ALPHABET = (
    [chr(code) for code in range(1, 33)] + list('"\\\\\\Nnv.tbu{},:0é日😀\u2028') + ['"\\N"', "\\N", "\\v", "\\\\v"]
)

#: Type -> literals that other extractors bend.
SCALARS = {
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


class Kept:
    """A sink in memory."""

    def __init__(self) -> None:
        self.data = b""
        self.rows = 0

    def write(self, data: bytes, rows: int = 1) -> None:
        self.data += data
        self.rows += rows


def taken(database: Any, strategy: Callable[[PostgresTable, RecordForm], Rows], table: str = "customers") -> bytes:
    """All rows by that strategy, ordered by `id`; every column counts as one of the contract."""
    connection = database.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute("SET IntervalStyle = 'iso_8601'")
        found = read_table(cursor, TableName(None, table))
        names = tuple(column.name for column in found.columns)
        rows = strategy(found, RecordForm(tuple(Field(name, name) for name in names), names, RawFormat.CSV))
        sink = Kept()
        lines = Lines(rows, sink)
        query = sql.SQL("SELECT {} FROM {} AS source ORDER BY source.id").format(rows.select(), sql.Identifier(table))
        cursor.copy_expert(rows.statement(query), lines)
        lines.flush()
        assert sink.rows == cursor.rowcount
    return sink.data


def create_scalars(database: Any) -> None:
    """A table with a column of each type in `SCALARS`."""
    database.execute("CREATE TYPE mood AS ENUM (E'so\\n\"so')")
    columns = ", ".join(f"c{number} {name}" for number, name in enumerate(SCALARS))
    database.execute(f"CREATE TABLE customers (id int, {columns})")
    for row in range(5):
        cells = [literals[row] if row < len(literals) else "NULL" for literals in SCALARS.values()]
        database.execute(f"INSERT INTO customers VALUES ({row}, {', '.join(cells)})")

"""A PostgreSQL of the benchmark's own, with tables shaped like the contract."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg2
from demo.postgres import embedded_postgres
from demo.processes import Interrupts
from demo.shares import SourceName
from psycopg2 import sql

from benchmarks.sample_rows import source_rows

_SYNTHETIC_ROWS = 40_000  # over all sources; the database's share of them is repeated under other purchase_ids
_COLUMNS = """
    customer_id text, cpf text, first_name text, last_name text, email text, credit_card_number text,
    purchase_date date, total_amount numeric(18,2), product text, store_location text,
    purchase_id text PRIMARY KEY, updated_at timestamptz NOT NULL
"""
_REPEAT = """
    INSERT INTO {table}
    SELECT customer_id, cpf, first_name, last_name, email, credit_card_number, purchase_date, total_amount, product,
           store_location, purchase_id || '-' || copy, updated_at + copy * interval '1 second'
    FROM generate_series(1, (SELECT {rows} / count(*) + 1 FROM sample)::int) AS copy, sample ORDER BY copy LIMIT {rows}
"""


@contextmanager
def running_postgres() -> Iterator[str]:
    """Yields the URL of a PostgreSQL that is gone afterwards."""
    with TemporaryDirectory(prefix="bench-postgres-") as folder, Interrupts() as interrupts:
        with embedded_postgres(Path(folder, "data"), interrupts) as url:
            yield url


def make_tables(url: str, sizes: set[int]) -> None:
    """A table `customers_<rows>` for each size, vacuumed and with an index on updated_at, as the service advises."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE TEMPORARY TABLE sample ({})").format(sql.SQL(_COLUMNS)))
        cursor.copy_expert("COPY sample FROM STDIN (FORMAT csv)", _sample_csv())
        for rows in sorted(sizes):
            table = sql.Identifier(table_of(rows))
            cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(_COLUMNS)))
            cursor.execute(sql.SQL(_REPEAT).format(table=table, rows=sql.Literal(rows)))
            cursor.execute(sql.SQL("CREATE INDEX ON {} (updated_at)").format(table))
            cursor.execute(sql.SQL("VACUUM ANALYZE {}").format(table))
        cursor.execute("CHECKPOINT")
    connection.close()


def table_of(rows: int) -> str:
    """The name of the table with so many rows."""
    return f"customers_{rows}"


def _sample_csv() -> io.StringIO:
    text = io.StringIO()
    rows = (row for source, row in source_rows(_SYNTHETIC_ROWS) if source == SourceName.DATABASE.value)
    csv.writer(text, lineterminator="\n").writerows(rows)
    text.seek(0)
    return text

"""The fast way out of PostgreSQL: each record must be the one that the server's own row_to_json would have written."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from copied_rows import ALPHABET, create_scalars, taken
from database_ingestion.domain.table import Field, TableName
from database_ingestion.infrastructure.ingestion.postgres_catalog import read_table
from database_ingestion.infrastructure.ingestion.postgres_copy import JsonRows
from database_ingestion.infrastructure.ingestion.postgres_text import TextRows, can_be_text


def _taken(database: Any, strategy: type[Any]) -> list[dict[str, Any]]:
    """All rows by that strategy, each line parsed on its own."""
    data = taken(database, lambda table, form: strategy(table.columns, form.fields))
    return [json.loads(line) for line in data.split(b"\n") if line]


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
    create_scalars(database)
    assert _taken(database, TextRows) == _taken(database, JsonRows)


def test_documents_and_odd_names_leave_it_to_the_server(database: Any) -> None:
    database.execute('CREATE TABLE customers (id int, d jsonb, a text[], "tab\t" text)')
    with database.connect().cursor() as cursor:
        columns = read_table(cursor, TableName(None, "customers")).columns
    for column, expected in zip(columns, [True, False, False, False], strict=True):
        assert can_be_text([column], [Field(column.name, column.name)]) is expected

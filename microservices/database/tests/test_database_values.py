"""Values that other extractors bend: they must leave PostgreSQL digit for digit, one record a line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from database_ingestion.infrastructure.ingestion.json_lines import json_value
from ingestion_kernel.domain.run import RunStatus

AWKWARD = "quote \" back\\slash \\. tab\t line\nfeed\r \x01\x02\x1f\x7f \u2028 'é' 日本 😀 \\N $$ %s ,;"


@pytest.mark.parametrize(
    ("declared", "literal", "expected"),
    [
        ("numeric", "12345678901234567890.123456789", "12345678901234567890.123456789"),
        ("numeric(12,2)", "0.10", "0.10"),
        ("numeric", "'NaN'", "NaN"),
        ("bigint", "9007199254740993", "9007199254740993"),
        ("float8", "0.1 + 0.2::float8", "0.30000000000000004"),
        ("float8", "'-Infinity'", "-Infinity"),
        ("boolean", "true", "true"),
        ("money", "1234.56", "1234.56"),
        ("timestamptz", "'2025-03-31 12:00:00.123456-03'", "2025-03-31T15:00:00.123456+00:00"),
        ("timestamptz", "'infinity'", "infinity"),
        ("timestamp", "'2025-03-31 12:00:00.1'", "2025-03-31T12:00:00.1"),
        ("date", "'2025-03-31'", "2025-03-31"),
        ("time", "'12:00:00.5'", "12:00:00.5"),
        ("interval", "'1 day 2 hours'", "P1DT2H"),
        ("bytea", "'\\x00ff0a'", "\\x00ff0a"),
        ("char(5)", "'ab'", "ab"),
        ("uuid", "'6f1c8f8e-0000-4000-8000-000000000001'", "6f1c8f8e-0000-4000-8000-000000000001"),
        ("json", 'E\'{"a":\\n 1.10,\\n "a": 2}\'', '{"a":\n 1.10,\n "a": 2}'),
        ("json[]", "ARRAY[E'{\"a\":\\n 1}'::json]", [{"a": 1}]),
        ("jsonb", '\'{"a": "line\\\\nfeed", "b": [1]}\'', {"a": "line\\nfeed", "b": [1]}),
        ("text[]", "ARRAY['a', NULL, E'b\\nc']", ["a", None, "b\nc"]),
        ("text", "NULL", None),
        ("jsonb", "NULL", None),
        ("text", "''", ""),
    ],
)
def test_a_value_arrives_as_it_is(database, ingestion, declared: str, literal: str, expected: Any) -> None:
    """The role's own settings must not show: each of them would change a value."""
    for setting in ("DateStyle = 'SQL, DMY'", "TimeZone = 'Asia/Tokyo'", "extra_float_digits = 0"):
        database.execute(f"ALTER DATABASE {database.name} SET {setting}")
    database.execute(f"ALTER DATABASE {database.name} SET bytea_output = 'escape'")
    database.execute(f"ALTER DATABASE {database.name} SET IntervalStyle = 'postgres'")
    database.execute(f"CREATE TABLE customers (customer_id text, cpf text, updated_at timestamptz, value {declared})")
    database.execute(
        f"INSERT INTO customers VALUES ('C1', '1', '2025-01-01', {literal}), ('C2', '2', '2025-01-01', NULL)"
    )
    run = ingestion.run(database_url=database.url())
    assert (run.status, run.rows_written) == (RunStatus.SUCCEEDED, 2)
    values = {record["customer_id"]: record["value"] for record in ingestion.records()}
    assert values == {"C1": expected, "C2": None}


def test_domains_and_composites_hide_no_line_feed(database, ingestion) -> None:
    database.execute("CREATE DOMAIN document AS json")
    database.execute("CREATE TYPE pair AS (a json, b numeric)")
    database.execute("CREATE TYPE date AS ENUM ('one\ntwo')")  # a type of one's own that is called date
    database.execute(
        "CREATE TABLE customers (customer_id text, cpf text, updated_at timestamptz, d document, p pair, e public.date)"
    )
    database.execute(
        "INSERT INTO customers VALUES ('C', '1', '2025-01-01', E'[1,\\n2]', ROW(E'[1,\\n2]', 1.10)::pair, E'one\\ntwo')"
    )
    assert ingestion.run(database_url=database.url()).rows_written == 1
    (record,) = ingestion.records()
    assert (record["d"], record["p"]["a"], record["e"]) == ("[1,\n2]", [1, 2], "one\ntwo")


def test_any_text_survives_in_values_and_names(database, ingestion) -> None:
    schema, table, column = 'sch"e.ma', "tab'le; DROP TABLE x; --", 'up"dated % at\\'
    quoted = [f'"{name}"'.replace('"', '""')[1:-1] for name in (schema, table, column)]
    database.execute(f"CREATE SCHEMA {quoted[0]}")
    database.execute(f"GRANT USAGE ON SCHEMA {quoted[0]} TO ingest")
    # record and source are names that the service's own query uses
    columns = f"customer_id text, cpf text, record text, source text, {quoted[2]} timestamptz".replace("%", "%%")
    database.execute(f"CREATE TABLE {quoted[0]}.{quoted[1]} ({columns})", [])
    values = ("C1", AWKWARD, AWKWARD, AWKWARD, "2025-01-01")
    database.execute(f"INSERT INTO {quoted[0]}.{quoted[1]} VALUES (%s, %s, %s, %s, %s)", values)
    settings = {
        "database_url": database.url(),
        "db_table": f"{quoted[0]}.{quoted[1]}",
        "db_cursor_column": column,
    }
    assert ingestion.run(**settings).rows_written == 1
    (record,) = ingestion.records()
    assert record["cpf"] == record["record"] == record["source"] == AWKWARD
    assert record[column] == "2025-01-01T00:00:00+00:00"
    assert ingestion.run(**settings).rows_written == 0


def test_columns_are_renamed_by_the_map_and_others_are_kept(database, ingestion) -> None:
    database.execute("CREATE TABLE customers (unknown int, code text, document text, changed timestamptz)")
    database.execute("INSERT INTO customers VALUES (NULL, 'C1', '1', '2025-01-01')")
    column_map = {"code": "customer_id", "document": "cpf", "changed": "updated_at"}
    run = ingestion.run(database_url=database.url(), db_column_map=column_map)
    assert run.status is RunStatus.SUCCEEDED
    assert list(ingestion.records()[0].items()) == [
        ("customer_id", "C1"),
        ("cpf", "1"),
        ("updated_at", "2025-01-01T00:00:00+00:00"),
        ("unknown", None),
    ]


def test_no_scalar_is_a_json_number(customers, ingestion) -> None:
    customers.execute("INSERT INTO customers VALUES (1, 'C', '1', 'p', 1e20, '2025-01-01')")
    ingestion.run(database_url=customers.url())
    (line,) = next(ingestion.raw.glob("database/customers/*/part-*")).read_text().splitlines()
    assert all(isinstance(value, str) for value in json.loads(line).values())


def test_other_drivers_values_are_written_alike() -> None:
    from datetime import UTC, date, datetime, timedelta
    from decimal import Decimal

    values = {
        "1.10": Decimal("1.10"),
        "100000000000000000000": Decimal("1E+20"),
        "NaN": Decimal("NaN"),
        "-Infinity": float("-inf"),
        "9007199254740993": 9007199254740993,
        "0.30000000000000004": 0.1 + 0.2,
        "true": True,
        "2025-03-31T12:00:00.123456+00:00": datetime(2025, 3, 31, 12, 0, 0, 123456, UTC),
        "2025-03-31": date(2025, 3, 31),
        "\\x00ff": b"\x00\xff",
        "90.000000": timedelta(seconds=90),
    }
    assert [json_value(value) for value in values.values()] == list(values)
    assert json_value({"a": [Decimal("1.10"), None]}) == {"a": ["1.10", None]}
    assert json_value(None) is None

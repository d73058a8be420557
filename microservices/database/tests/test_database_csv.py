"""DB_FORMAT=csv: the records that JSON lines would hold, NULL told from empty, and a record may span lines."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from copied_rows import ALPHABET, Kept, create_scalars, taken
from customer_contract import load_contract
from database_ingestion.domain.exceptions import BatchSetAside
from database_ingestion.infrastructure.ingestion.postgres_copy import JsonRows
from database_ingestion.infrastructure.ingestion.postgres_csv import CsvRows
from database_ingestion.interfaces.main import build_source
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.domain.run import RunStatus
from raw_records import csv_records, csv_rows

NAMES = load_contract().column_names
HEADER = ",".join([*NAMES, "_extra"]) + "\n"

csv_only = pytest.mark.parametrize("ingestion", ["csv"], indirect=True)


def _alike(database: Any) -> list[list[str | None]]:
    """The rows as CSV, after each was found to be the record that row_to_json writes."""
    by_csv = csv_rows(taken(database, CsvRows).decode())
    by_json = taken(database, lambda table, form: JsonRows(table.columns, form.fields))
    records = [json.loads(line) for line in by_json.split(b"\n") if line]
    assert [row[:-1] for row in by_csv] == [list(record.values()) for record in records]
    assert all(row[-1] is None for row in by_csv)
    return by_csv


def test_any_text_comes_as_json_has_it(database: Any) -> None:
    random.seed(20261125)
    database.execute("CREATE TABLE customers (id int, a text, b varchar, c char(9))")
    texts = [
        None,
        "",
        '"',
        '""',
        "\\.",
        " ",
        *ALPHABET,
        *("".join(random.choices(ALPHABET, k=12)) for _ in range(2000)),
    ]
    rows = [(number, text, random.choice(texts), "\n") for number, text in enumerate(texts)]
    values = ",".join(["(%s, %s, %s, %s)"] * len(rows))
    database.execute(f"INSERT INTO customers VALUES {values}", [value for row in rows for value in row])
    assert [tuple(row[1:3]) for row in _alike(database)] == [row[1:3] for row in rows]


def test_every_scalar_type_comes_as_json_has_it(database: Any) -> None:
    create_scalars(database)
    assert len(_alike(database)) == 5


@csv_only
def test_the_header_is_the_contracts_and_what_it_does_not_know_is_extra(database: Any, ingestion: Any) -> None:
    database.execute("CREATE TYPE pair AS (a json, b numeric)")
    database.execute(
        "CREATE TABLE customers (record int, code text, cpf text, product text, updated_at timestamptz, tags text[],"
        ' "odd ""name" jsonb, p pair)'
    )
    database.execute(
        "INSERT INTO customers VALUES (7, 'C1', '1', '', '2025-01-01', '{a,NULL}', '{\"k\": [1]}', ROW('[1]', 1.10)),"
        " (NULL, 'C2', '2', NULL, '2025-01-01', NULL, NULL, NULL),"
        " (NULL, 'C3', '3', NULL, '2025-01-01', NULL, NULL, ROW(NULL, NULL))"
    )
    run = ingestion.run(database_url=database.url(), db_column_map={"code": "customer_id"})
    assert (run.status, run.rows_written) == (RunStatus.SUCCEEDED, 3)
    (part,) = ingestion.raw.glob("database/customers/*/part-*")
    text = part.read_text()
    assert part.name == "part-00000.csv" and text.startswith(HEADER)
    rows = {row[0]: dict(zip(NAMES, row, strict=False)) | {"_extra": row[-1]} for row in csv_rows(text)[1:]}
    assert (rows["C1"]["product"], rows["C2"]["product"], rows["C1"]["email"]) == ("", None, None)
    assert rows["C1"]["updated_at"] == "2025-01-01T00:00:00+00:00"
    assert rows["C2"]["_extra"] is None and json.loads(rows["C3"]["_extra"])["p"] == {"a": None, "b": None}
    extra = {"record": "7", "tags": ["a", None], 'odd "name': {"k": [1]}, "p": {"a": [1], "b": 1.1}}
    assert json.loads(rows["C1"]["_extra"]) == extra


@csv_only
@pytest.mark.parametrize("type_", ["jsonb", "text[]", "pair"])
def test_a_document_in_a_column_of_the_contract_is_refused(database: Any, ingestion: Any, type_: str) -> None:
    database.execute("CREATE TYPE pair AS (a int)")
    database.execute(f"CREATE TABLE customers (customer_id text, cpf text, product {type_}, updated_at timestamptz)")
    settings = {"database_url": database.url()}
    run = ingestion.run(**settings)
    assert (run.error.code, "'product'" in run.error.message) == ("CONFIGURATION_INVALID", True)
    assert "DB_FORMAT=json" in run.error.advice
    with pytest.raises(ConfigurationInvalid, match="'product'"):
        build_source(ingestion.settings(**settings)).check()
    assert ingestion.run(**settings, db_format="json").status is RunStatus.SUCCEEDED


@csv_only
def test_other_databases_have_no_csv(ingestion: Any) -> None:
    with pytest.raises(ConfigurationInvalid, match="DB_FORMAT=csv") as caught:
        build_source(ingestion.settings(database_url="sqlite:////nowhere/shop.db"))
    assert "DB_FORMAT=json" in caught.value.advice


@csv_only
@pytest.mark.parametrize("parallel", [1, 2])
def test_records_of_many_lines_are_counted_and_never_torn(database: Any, ingestion: Any, parallel: int) -> None:
    database.execute("CREATE TABLE customers (id int, customer_id text, cpf text, product text)")
    database.execute(
        "INSERT INTO customers SELECT n, n, '1', repeat(E'\\n\"\\r\\n,', n % 50) FROM generate_series(1, 9000) AS n"
    )
    settings = {"database_url": database.url(), "db_cursor_column": "none", "db_parallel": parallel}
    if parallel == 1:
        database.execute("ALTER TABLE customers ADD PRIMARY KEY (id)")
    run = ingestion.run(Mode.FULL, **settings, db_batch_max_bytes=400_000)
    assert (run.status, run.rows_written) == (RunStatus.SUCCEEDED, 9000)
    assert len(run.batches) > 2
    for path in ingestion.raw.glob("database/*/*/_manifest.json"):
        manifest = json.loads(path.read_text())
        assert manifest["format"] == "csv" and manifest["size"] <= 400_000 + len(HEADER) * len(manifest["parts"])
        for part in manifest["parts"]:
            text = (path.parent / part["name"]).read_bytes().decode()
            assert text.startswith(HEADER) and len(csv_records(text)) == part["rows"]
    found = {record["id"]: record["product"] for record in ingestion.records()}
    assert found == {str(n): '\n"\r\n,' * (n % 50) for n in range(1, 9001)}


@csv_only
def test_a_run_goes_on_where_the_other_format_stopped(customers: Any, ingestion: Any) -> None:
    insert = "INSERT INTO customers VALUES ({0}, 'C', '1', 'p', 1, timestamptz '2025-01-01' + {0} * interval '1 s')"
    for number, db_format in enumerate(["json", "csv", "json"]):
        customers.execute(insert.format(number))
        assert ingestion.run(database_url=customers.url(), db_format=db_format).rows_written == 1
    assert ingestion.ids() == ["0", "1", "2"]


@csv_only
def test_a_connection_that_dies_amid_the_records_is_replaced(database: Any, ingestion: Any) -> None:
    database.execute(
        "CREATE VIEW customers AS SELECT n AS customer_id, repeat(E'x\\n', 5000) AS cpf, timestamptz '2025-01-01'"
        " + n * interval '1 s' AS updated_at FROM generate_series(1, 300) AS n"
    )

    class Killer:
        def write(self, data: bytes, rows: int = 1) -> None:
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'database-ingestion'"
                " AND datname = current_database()"
            )

    source = build_source(ingestion.settings(database_url=database.url(), db_batch_max_rows=150))
    kept = Kept()
    with source.pending(Mode.INCREMENTAL, None) as batches:
        next(batches).extract(kept)
        second = next(batches)
        with pytest.raises(BatchSetAside):
            second.extract(Killer())
        next(batches).extract(kept)
        assert not list(batches)
    assert [row[0] for row in csv_rows(kept.data.decode())] == [str(n) for n in range(1, 301)]

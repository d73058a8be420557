"""A source may write JSON lines or canonical CSV: the same rows end in the same bronze and silver."""

from __future__ import annotations

from typing import Any

from customer_contract import load_contract
from lake_kit import SmallLake, record

from etl_customers.job import Layer
from etl_customers.utils.lake_table import LakeTable

#: As a database has them; None is NULL. Each is written in both formats as the service does it.
ROWS = [
    record(1, product='two\nlines,\r\n "quoted" \\ \\" é日😀'),
    record(2, email="", first_name='"'),  # empty is not NULL
    record(3, email=None, last_name=" a ", updated_at=None),
    record(4, total_amount="NaN", product='""'),
    record(5, customer_id="", cpf="x\ry", product="\\N"),
    record(6, product="\\", store_location=","),
    record(7, product="\x01\x02\x1f\ufeff\u2028\t"),
]


def as_postgres_writes_it(text: str | None) -> str:
    """A field in COPY's csv format: NULL is nothing, an empty text two quotes."""
    if text is None:
        return ""
    odd = text == "" or any(mark in text for mark in ',"\r\n')
    return '"' + text.replace('"', '""') + '"' if odd else text


def put_csv(lake: SmallLake, rows: list[dict[str, str]]) -> None:
    names = load_contract().column_names
    lines = [",".join([*names, "_extra"])]
    lines += [",".join([*(as_postgres_writes_it(row.get(name)) for name in names), ""]) for row in rows]
    lake.put_text("database", "\n".join(lines) + "\n", len(rows), "csv")


def test_the_same_rows_in_either_format_end_alike(lake: SmallLake) -> None:
    """Both in one lake, as a source may change its format. What differs in silver would be no duplicate."""
    lake.put("database", *ROWS)
    put_csv(lake, ROWS)
    lake.run(Layer.BRONZE)
    counts = lake.run(Layer.SILVER).counts.totals()

    by_json, by_csv = _rows_by_file(lake.job().bronze)
    names = load_contract().column_names
    texts = [lake.job().bronze.schema.fieldNames().index(name) for name in names]
    assert by_json == by_csv
    assert {tuple(row[place] for place in texts) for row in by_csv} == {tuple(map(row.get, names)) for row in ROWS}
    by_json, by_csv = _rows_by_file(lake.job().quarantine)
    assert by_json == by_csv
    valid = len(ROWS) - len(by_csv)
    assert 0 < valid < len(ROWS)
    assert counts == {"read": 14, "written": valid, "duplicate": valid, "stale": 0, "quarantined": 2 * len(by_csv)}


def _rows_by_file(table: LakeTable) -> list[set[tuple[Any, ...]]]:
    """The rows that came by JSON lines and by CSV, without what names the file, the run or the time of reading."""
    named = ("_source_file", "_batch_id", "_run_id", "_ingested_at")
    rows = [row.asDict() for row in table.read().collect()]
    return [
        {tuple(None if name in named else row[name] for name in row) for row in rows if ending in row["_source_file"]}
        for ending in (".jsonl", ".csv")
    ]

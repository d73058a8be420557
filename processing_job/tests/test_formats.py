"""A source may write JSON lines or canonical CSV: the same rows end in the same bronze and silver."""

from __future__ import annotations

from pathlib import Path

import pytest
from customer_contract import load_contract
from lake_kit import SmallLake, record

from etl_customers.job import Layer

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


@pytest.fixture
def lakes(tmp_path: Path, lake: SmallLake) -> tuple[SmallLake, SmallLake]:
    """One in each format, with the same key, as rows are known by a keyed hash."""
    (tmp_path / "other").mkdir()
    other = SmallLake(tmp_path / "other")
    (other.root / "token.key").write_bytes((lake.root / "token.key").read_bytes())
    return lake, other


def test_the_same_rows_in_either_format_end_alike(lakes: tuple[SmallLake, SmallLake]) -> None:
    by_json, by_csv = lakes
    by_json.put("database", *ROWS)
    put_csv(by_csv, ROWS)
    found = []
    for lake in lakes:
        lake.run(Layer.BRONZE)
        lake.run(Layer.SILVER)
        found.append((_bronze(lake), *_silver(lake)))
    assert found[0] == found[1]
    bronze, purchases, quarantine = found[1]
    names = load_contract().column_names
    assert {row[:-2] for row in bronze} == {tuple(row.get(name) for name in names) for row in ROWS}
    assert purchases and quarantine


def test_a_source_may_change_its_format(lake: SmallLake) -> None:
    lake.put("database", ROWS[0])
    put_csv(lake, ROWS[1:3])
    lake.run(Layer.BRONZE)
    lake.put("database", ROWS[3])
    lake.run(Layer.BRONZE)
    assert sorted(row[0] for row in _bronze(lake)) == ["C1", "C2", "C3", "C4"]


def _bronze(lake: SmallLake) -> set[tuple[str | None, ...]]:
    columns = [*load_contract().column_names, "_rescued_data", "_row_hash"]
    return {tuple(row) for row in lake.job().bronze.read().select(*columns).collect()}


def _silver(lake: SmallLake) -> list[set[str]]:
    """Purchases and quarantine, without what names the file, the run or the time of reading."""
    volatile = ("_source_file", "_batch_id", "_run_id", "_ingested_at")
    job = lake.job()
    return [{str(row) for row in table.read().drop(*volatile).collect()} for table in (job.purchases, job.quarantine)]

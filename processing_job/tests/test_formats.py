"""A source may write JSON lines or canonical CSV: the same rows end in the same bronze, and so in the same silver."""

from __future__ import annotations

from customer_contract import load_contract
from lake_kit import SmallLake, record

from etl_customers.job import Layer

#: As a database has them; what is left out is NULL.
ROWS = [
    record(1, product='two\nlines,\r\n "quoted" \\ \\" é日😀'),
    record(2, email="", first_name='"'),  # empty is not NULL
    record(3, email=None, last_name=" a ", updated_at=None),
    record(4, total_amount="NaN", product='""'),
    record(5, customer_id="", cpf="x\ry", product="\\N"),
    record(6, product="\\", store_location=","),
    record(7, product="\x01\x02\x1f\ufeff\u2028\t"),
]


def test_the_same_rows_in_either_format_end_alike(lake: SmallLake) -> None:
    """Both in one lake, as a source may change its format."""
    lake.put("database", *ROWS)
    lake.put_copied("database", *ROWS)
    lake.run(Layer.BRONZE)
    names = load_contract().column_names
    frame = lake.job().bronze.read().select(*names, "_rescued_data", "_row_hash", "_source_file")
    rows = [tuple(row) for row in frame.collect()]
    by_json, by_csv = ({row[:-1] for row in rows if row[-1].endswith(ending)} for ending in ("jsonl", "csv"))
    assert by_json == by_csv
    assert {row[:-2] for row in by_csv} == {(*map(item.get, names),) for item in ROWS}

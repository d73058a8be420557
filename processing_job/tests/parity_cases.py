"""Raw files of every odd kind, the rows that bronze must hold of them, and what Auto Loader yields for them.

What Auto Loader yields is written down from its documentation, as it exists on Databricks only:

[json] https://learn.microsoft.com/azure/databricks/query/formats/json ("Rescued data column"): it holds what "was
missing from the given schema", what is of another type, and fields whose casing differs, as a JSON blob that has the
file's path too, unless spark.databricks.sql.rescuedDataColumn.filePath.enabled is false; only incomplete or malformed
JSON is corrupt.
[structure] https://docs.databricks.com/spark/latest/structured-streaming/auto-loader-json.html: the rescued data column
"preserves the structure of your JSON record".
[csv] https://learn.microsoft.com/azure/databricks/query/formats/csv ("Rescued data column", "Work with malformed CSV
records"): PERMISSIVE sets NULL for what could not be parsed; the record's text goes to columnNameOfCorruptRecord.
[spark] https://spark.apache.org/docs/4.0.0/sql-data-sources-json.html and -csv.html: columnNameOfCorruptRecord, mode.

The columns of the schema need not be believed: the test compares them with what Spark's own source gives for the file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from customer_contract import RawFormat, load_contract

#: Stands for a text of 50 MB.
BIG = "<50 MB>"
BIG_SIZE = 50_000_000
HEADER = (*load_contract().column_names, "_extra")
Row = dict[str, str | None]


@dataclass(frozen=True)
class ParityCase:
    """One raw file.

    Attributes:
        text: its content.
        bronze: its rows in bronze, without columns that are NULL.
        rescued: what Auto Loader writes to `_rescued_data`, by row, and where that is documented.
        columns: the header, as the manifest tells it, if it is CSV.
    """

    name: str
    format: RawFormat
    text: str
    bronze: list[Row]
    rescued: list[str | None]
    documented: str
    columns: tuple[str, ...] = field(default=())


def _json(name: str, line: str, row: Row | None, rescued: str | None, documented: str) -> ParityCase:
    rows = [] if row is None else [row]
    return ParityCase(name, RawFormat.JSON_LINES, line, rows, [rescued] * len(rows), documented)


def _corrupt(line: str) -> str:
    return json.dumps({"_corrupt_record": line}, separators=(",", ":"), ensure_ascii=False)


JSON_CASES = [
    _json(
        "unknown_field",
        '{"customer_id": "C1", "loyalty": "gold", "points": 7, "gone": null}\n',
        {"customer_id": "C1", "_rescued_data": '{"loyalty":"gold","points":"7"}'},
        '{"loyalty":"gold","points":7,"_file_path":"abfss://raw/part-00000.jsonl"}',
        "[json]",
    ),
    _json(
        "type_change",
        '{"customer_id": 12345678901234567890, "total_amount": 10000000.50, "product": true, "cpf": 1e3}\n',
        {"customer_id": "12345678901234567890", "total_amount": "10000000.50", "product": "true", "cpf": "1e3"},
        None,
        "[json] as every column is text, nothing is of another type",
    ),
    _json(
        "other_casing",
        '{"Customer_ID": "C1"}\n',
        {"_rescued_data": '{"Customer_ID":"C1"}'},
        '{"Customer_ID":"C1"}',
        "[json]",
    ),
    _json("missing_column", '{"customer_id": "C1"}\n', {"customer_id": "C1"}, None, "[json]"),
    _json(
        "truncated_line",
        '{"customer_id": "C1", "cpf": "529\n',
        {"_rescued_data": _corrupt('{"customer_id": "C1", "cpf": "529')},
        None,
        "[spark]",
    ),
    _json(
        "big_field",
        f'{{"customer_id": "C1", "product": "{BIG}"}}\n',
        {"customer_id": "C1", "product": BIG},
        None,
        "[json]",
    ),
    _json("empty_file", "", None, None, "[spark]"),
    _json("blank_lines", "\n  \n", None, None, "[spark]"),
    _json(
        "nested_object",
        '{"customer_id": "C1", "product": {"name": "Café \\"}\\"", "sizes": [1.50, {"l": 2}]},'
        ' "address": {"city": "Recife"}}\n',
        {
            "customer_id": "C1",
            "product": '{"name": "Café \\"}\\"", "sizes": [1.50, {"l": 2}]}',
            "_rescued_data": '{"address":"{\\"city\\":\\"Recife\\"}"}',
        },
        '{"address":{"city":"Recife"}}',
        "[structure]",
    ),
    _json(
        "same_name_inside",
        '{"first_name": "{\\"total_amount\\": 7.10}", "product": {"total_amount": 1.0}, "total_amount": 7.10}\n',
        {"first_name": '{"total_amount": 7.10}', "product": '{"total_amount": 1.0}', "total_amount": "7.10"},
        None,
        "[json]",
    ),
]


def _csv(
    name: str, lines: str, rows: list[Row], columns: tuple[str, ...] = HEADER, header: str | None = None
) -> ParityCase:
    text = (",".join(columns) + "\n" if header is None else header) + lines
    return ParityCase(name, RawFormat.CSV, text, rows, [None] * len(rows), "[csv]", columns)


_PAD = "," * (len(HEADER) - 2)
#: By a contract that lacked most columns and knew another.
_OTHER = ("customer_id", "channel", "product", "_extra")
CSV_CASES = [
    _csv(
        "unknown_field",
        f'C1{_PAD},"{{""colour"":""red""}}"\n',
        [{"customer_id": "C1", "_rescued_data": json.dumps({"_extra": '{"colour":"red"}'}, separators=(",", ":"))}],
    ),
    _csv("type_change", f"C1,abc{_PAD[1:]},\n", [{"customer_id": "C1", "cpf": "abc"}]),
    _csv("truncated_line", "C1,529\n", [{"customer_id": "C1", "cpf": "529", "_rescued_data": _corrupt("C1,529")}]),
    _csv("no_rows", "", []),
    _csv("empty_file", "", [], header=""),
    _csv(
        "unknown_column",
        "C1,web,,\nC2,,,\n",
        [{"customer_id": "C1", "_rescued_data": '{"channel":"web"}'}, {"customer_id": "C2"}],
        _OTHER,
    ),
    _csv("missing_columns", "C1,,Mesa,\n", [{"customer_id": "C1", "product": "Mesa"}], _OTHER),
    _csv("big_field", f"C1,,{BIG},\n", [{"customer_id": "C1", "product": BIG}], _OTHER),
    _csv(
        "nested_object",
        'C1,,"{""name"": ""Café""}",\n',
        [{"customer_id": "C1", "product": '{"name": "Café"}'}],
        _OTHER,
    ),
]

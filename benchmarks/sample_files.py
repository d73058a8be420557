"""CSV files shaped like the contract, canonical and as a sender's spreadsheet writes them."""

from __future__ import annotations

import csv
from itertools import count, islice
from pathlib import Path

from customer_contract import load_contract
from demo.shares import SourceName

from benchmarks.sample_rows import source_rows

_SYNTHETIC_ROWS = 40_000  # over all sources; the files' share of them is repeated under other purchase_ids


def write_sample(path: Path, rows: int, *, delimiter: str = ",", encoding: str = "utf-8", end: str = "\n") -> None:
    """A file of `rows` rows; nearly all hold a quoted field where the delimiter is a comma, as amounts have one."""
    columns = load_contract().column_names
    purchase = columns.index("purchase_id")
    sample = [row for source, row in source_rows(_SYNTHETIC_ROWS) if source == SourceName.CSV.value]
    copies = ([*row[:purchase], f"{row[purchase]}-{n}", *row[purchase + 1 :]] for n in count() for row in sample)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=end)
        writer.writerow(columns)
        writer.writerows(islice(copies, rows))

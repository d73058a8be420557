"""The lines of rows.csv: rows that were set aside, with the reason."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from csv_ingestion.domain.reasons import RowReason

#: `line` is physical, from 1; `fields` are the fields as received, a JSON array, since their number differs.
ROWS_HEADER = b"line,reason,fields\n"


def row_line(line: int, reason: RowReason, fields: Sequence[str]) -> bytes:
    """One row, RFC 4180."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow((line, reason.value, json.dumps(fields, ensure_ascii=False)))
    return text.getvalue().encode()

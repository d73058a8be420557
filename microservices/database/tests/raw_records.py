"""Reads raw parts as a reader of the format's description would, NULL told from an empty text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_FIELD = re.compile(r'("(?:[^"]|"")*"|[^",\r\n]*)([,\n])')


def csv_rows(text: str) -> list[list[str | None]]:
    """Records of RFC 4180 with LF; a bare empty field is None. Raises AssertionError for anything else."""
    rows: list[list[str | None]] = []
    row: list[str | None] = []
    place = 0
    while place < len(text):
        found = _FIELD.match(text, place)
        assert found, f"not CSV at character {place}"
        field, end = found.groups()
        row.append(field[1:-1].replace('""', '"') if field.startswith('"') else field or None)
        if end == "\n":
            rows.append(row)
            row = []
        place = found.end()
    assert not row, "the last record has no end"
    return rows


def csv_records(text: str) -> list[dict[str, Any]]:
    """Records by the names of the header, those in `_extra` beside the others."""
    header, *rows = csv_rows(text)
    found = []
    for row in rows:
        assert len(row) == len(header)
        record: dict[str, Any] = dict(zip(header, row, strict=True))
        found.append(record | json.loads(record.pop("_extra") or "{}"))
    return found


def part_records(part: Path) -> Iterator[dict[str, Any]]:
    """The records of one part of either format."""
    text = part.read_bytes().decode("utf-8")
    if part.suffix == ".csv":
        return iter(csv_records(text))
    return (json.loads(line) for line in text.split("\n") if line)

"""Rows of any driver as JSON lines, written the way the PostgreSQL path writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import orjson
from ingestion_kernel.domain.exceptions import SourceDataInvalid


def json_line(names: Sequence[str], row: Sequence[Any]) -> bytes:
    """One record, ended by a line feed.

    Raises:
        SourceDataInvalid: a text is not valid Unicode.
    """
    record = {name: json_value(value) for name, value in zip(names, row, strict=True)}
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        raise SourceDataInvalid("a text of the table is not valid Unicode") from None


def json_value(value: Any) -> Any:
    """NULL is null, documents and arrays stay JSON with text for their scalars, everything else is text.

    Times are ISO 8601, decimals have no exponent, NaN and infinity are written as PostgreSQL writes them, bytes are
    `\\x` and hex digits.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _special(value) or repr(value)
    if isinstance(value, Decimal):
        return _special(value) or format(value, "f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value // timedelta(microseconds=1) / 1_000_000:.6f}"
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\x" + bytes(value).hex()
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    return str(value)


def _special(value: float | Decimal) -> str | None:
    if math.isnan(value):
        return "NaN"
    return ("Infinity" if value > 0 else "-Infinity") if math.isinf(value) else None

"""What kind of cursor a value of some driver makes, and how its text becomes that value again."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, DateTime, Integer, Numeric
from sqlalchemy.types import TypeEngine


def kind(value: object) -> str:
    if isinstance(value, datetime):
        return "timestamptz" if value.tzinfo else "timestamp"
    if isinstance(value, date):
        return "date"
    if isinstance(value, int | float | Decimal):
        return "number"
    return "text" if isinstance(value, str) else type(value).__name__


def declared_kind(declared: TypeEngine[Any]) -> str:
    """For a column without any value."""
    if isinstance(declared, DateTime):
        return "timestamp"
    if isinstance(declared, Date):
        return "date"
    return "number" if isinstance(declared, Integer | Numeric) else "text"


def from_text(kind: str, text: str) -> object:
    if kind in ("timestamp", "timestamptz"):
        return datetime.fromisoformat(text)
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "number":
        return int(text) if re.fullmatch(r"-?\d+", text) else Decimal(text)
    return text

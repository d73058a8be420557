"""Order of the values of a cursor field, by what they mean instead of how they are spelled."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

#: Comparable with other keys of the same `CursorType` only.
OrderKey = tuple[Any, ...]

_USUAL_LENGTH = 20
_ISO_8601 = re.compile(
    r"\A(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?(Z|[+-]\d\d(?::?\d\d)?)?)?\Z", re.I
)


class CursorType(StrEnum):
    """What the values of the cursor field are."""

    TIMESTAMP = "timestamp"
    NUMBER = "number"
    TEXT = "text"

    def key(self, value: str) -> OrderKey | None:
        """The place of `value` in the order, None if it is not of this type."""
        if self is CursorType.TIMESTAMP:
            return _instant(value)
        if self is CursorType.NUMBER:
            return _number(value)
        return (value,)


def _instant(value: str) -> OrderKey | None:
    """ISO 8601; the fraction is compared digit by digit, as `datetime` would cut it at the microsecond.

    A time without a zone counts as UTC: only its order matters here, and one API writes all of them alike.
    """
    if len(value) == _USUAL_LENGTH and value[10] == "T" and value[-1] == "Z":
        try:
            return (datetime.fromisoformat(value), "")  # 2025-03-31T12:00:00Z, three times as fast
        except ValueError:
            return None
    match = _ISO_8601.match(value)
    if not match:
        return None
    day, time, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time or '00:00'}{(zone or 'Z').upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return (moment, (fraction or "").rstrip("0"))


def _number(value: str) -> OrderKey | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return (number,) if number.is_finite() else None

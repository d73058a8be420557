"""Rows of a source, made up: every value is unlike any other, so a row lost, doubled or mixed up shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from customer_contract import load_contract

COLUMNS = load_contract().column_names
#: Stands in every row: wherever else it shows up, a value of a row has leaked.
PLANTED = "Segredo98765"

_START = datetime(2025, 4, 1, 10, 0, tzinfo=UTC)
#: Rows that share one `updated_at`, as rows of one transaction do.
_SAME_MOMENT = 3

#: Contract column -> text.
Row = dict[str, str]
#: A row as it is compared: all columns in the contract's order, `updated_at` in UTC.
Identity = tuple[str, ...]


def rows(first: int, count: int) -> list[Row]:
    """`count` rows from number `first` on, each changed later than those before it, in threes at the same moment.

    Begin at a multiple of 3: rows that are added later must not have a moment that was taken already.
    """
    assert first % _SAME_MOMENT == 0, "the first row would share its moment with one that may be in raw"
    return [_row(number) for number in range(first, first + count)]


def identity(record: Mapping[str, object]) -> Identity:
    """What is compared: every contract column. Raises KeyError or ValueError if it is no row of ours."""
    moment = datetime.fromisoformat(str(record["updated_at"])).astimezone(UTC).isoformat()
    return tuple(moment if column == "updated_at" else str(record[column]) for column in COLUMNS)


def _row(number: int) -> Row:
    moment = _START + timedelta(seconds=number // _SAME_MOMENT, microseconds=number // _SAME_MOMENT % 1000)
    return {
        "customer_id": f"C{number % 997:05d}",
        "cpf": f"{number:011d}",
        "first_name": f"Ana{number}",
        "last_name": PLANTED,
        "email": f"ana{number}@example.com",
        "credit_card_number": f"4{number:015d}",
        "purchase_date": f"2025-03-{1 + number % 31:02d}",
        "total_amount": f"{number}.{number % 100:02d}",
        "product": f"Mesa; nº {number}",
        "store_location": "São Paulo",
        "purchase_id": f"P{number:07d}",
        "updated_at": moment.isoformat(timespec="microseconds"),
    }

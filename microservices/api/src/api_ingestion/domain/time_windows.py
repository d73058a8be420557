"""Cuts a span of time into windows, for APIs that refuse long ones or slow down in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

#: How far each window reaches back into the one before it. An API's lower bound may be exclusive, and its upper bound
#: too: without this, a record at the very seam would be in neither. What is read twice is known (see `Window`).
SEAM = timedelta(seconds=1)


def time_windows(
    start: datetime, end: datetime, length: timedelta, seam: timedelta = timedelta(0)
) -> Iterator[tuple[datetime, datetime]]:
    """Lower and upper bounds from `start` to `end`, oldest first; none if `end` is not after `start`.

    `seam`: how far the first of them reaches back, where it follows one that was read before.
    """
    low = start
    while low < end:
        high = min(low + length, end)
        yield low - seam, high
        low, seam = high, SEAM


def moment_text(moment: datetime) -> str:
    """A moment in UTC as ISO 8601 with microseconds and Z."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")

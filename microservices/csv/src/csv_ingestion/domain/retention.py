"""How long files are kept after they were taken or set aside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_DAY = re.compile(r"(\d{4})/(\d\d)/(\d\d)")
_DAY_SECONDS = 86_400


def day_folder(at: datetime) -> str:
    """The folder of a day, `yyyy/mm/dd`."""
    return at.strftime("%Y/%m/%d")


@dataclass(frozen=True, slots=True)
class Retention:
    """Whole days; None keeps for ever."""

    archive_days: int | None = None
    rejected_days: int | None = None

    def day_expired(self, folder: str, today: date) -> bool:
        """True if an archive's folder `yyyy/mm/dd` is older than is kept; False for any other name."""
        match = _DAY.fullmatch(folder)
        if not match or self.archive_days is None:
            return False
        try:
            day = date(*map(int, match.groups()))
        except ValueError:
            return False
        return today - day > timedelta(days=self.archive_days)

    def rejected_expired(self, newest: float, now: float) -> bool:
        """True if a rejected file's folder whose newest file is of `newest` has outlived its days (both since 1970)."""
        return self.rejected_days is not None and now - newest > self.rejected_days * _DAY_SECONDS


def utc_now() -> datetime:
    """The present instant, for the names of folders."""
    return datetime.now(UTC)

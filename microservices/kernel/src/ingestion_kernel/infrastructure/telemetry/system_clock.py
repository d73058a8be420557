"""`Clock` of the operating system."""

from datetime import UTC, datetime


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC)

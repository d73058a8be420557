"""Port: where the rows go that do not fit their file's header."""

from collections.abc import Sequence
from typing import Protocol

from csv_ingestion.domain.reasons import RowReason


class RejectedRows(Protocol):
    """Keeps rows that were set aside, for inspection."""

    def add(self, line: int, reason: RowReason, fields: Sequence[str]) -> None:
        """Keep one row as received; `line` is its first physical line, from 1. Raises SourceUnavailable."""

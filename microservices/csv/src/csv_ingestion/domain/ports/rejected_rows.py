"""Port: where the rows go that do not fit their file's header."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from csv_ingestion.domain.reasons import RowReason


class RejectedRows(Protocol):
    """Keeps rows that were set aside, for inspection."""

    def add(self, line: int, reason: RowReason, fields: Sequence[str]) -> None:
        """Keep one row as received; `line` is its first physical line, from 1. Raises SourceUnavailable."""


class RejectedRowsDraft(RejectedRows, AbstractContextManager["RejectedRowsDraft"], Protocol):
    """Rows that are in place as a whole or not at all; as a context manager it drops what was not committed."""

    def commit(self) -> None:
        """Make the rows durable; without any, remove what an earlier try of the same content left.

        Raises:
            SourceUnavailable, SourceAccessDenied: they cannot be written.
        """

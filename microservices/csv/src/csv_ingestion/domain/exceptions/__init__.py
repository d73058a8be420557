"""Faults of a whole file. No text here holds a value of a row."""

from __future__ import annotations

from collections.abc import Iterable

from ingestion_kernel.domain.exceptions import InputRejected

from csv_ingestion.domain.reasons import FileReason


class FileRejected(InputRejected):
    """A file cannot be taken.

    Args:
        reason: why; carries the advice.
        line: physical line, from 1, where the trouble begins; None if it is not tied to one.
        columns: contract columns concerned. Never names read from the file: a file without header holds data there.
    """

    def __init__(self, reason: FileReason, *, line: int | None = None, columns: Iterable[str] = ()) -> None:
        self.reason = reason
        self.line = line
        self.columns = tuple(columns)
        place = f" at line {line}" if line else ""
        about = f" ({', '.join(self.columns)})" if self.columns else ""
        super().__init__(f"{reason.value}{place}{about}", advice=reason.advice)

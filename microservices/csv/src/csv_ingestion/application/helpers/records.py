"""Reads CSV records strictly and in bounded memory, and says at which physical line each begins."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.reasons import FileReason

#: A record may be this many times as long as the longest field.
_FIELDS_PER_RECORD = 8


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds of one field and one record, in characters (a character is at least one byte)."""

    field: int

    @property
    def record(self) -> int:
        """Longest record."""
        return _FIELDS_PER_RECORD * self.field

    @property
    def longest_utf8(self) -> int:
        """Bytes of UTF-8 that are more than a record, whatever its characters."""
        return 4 * (self.record + 1)


class Lines(Protocol):
    """A text that is read line by line, such as a `TextIO`."""

    def readline(self, size: int, /) -> str:
        """At most `size` characters up to a line's end, which is kept as it is; empty at the end."""


class RecordReader:
    """The records of a text, RFC 4180 with any delimiter. Blank lines are no records.

    While a record is in hand, `first_line` and `last_line` are its physical lines (from 1) and `chars` its length.

    Args:
        text: opened with `newline=""`, so that line endings inside quotes stay as they are.
        delimiter: one character.
        limits: what is longer is refused, so that an unclosed quote cannot swallow the file into memory.
        lines_before: physical lines of the file that come before the text.
    """

    def __init__(self, text: Lines, delimiter: str, limits: ReadLimits, lines_before: int = 0) -> None:
        self._text = text
        self.delimiter = delimiter
        self._limits = limits
        self.first_line = lines_before + 1
        self.last_line = lines_before
        self.chars = 0
        self._records = self._read()

    def __iter__(self) -> Iterator[list[str]]:
        """The records not taken yet.

        Raises:
            FileRejected: while iterating, if a quote is unclosed or malformed, or a field or record too large.
        """
        return self._records

    def _read(self) -> Iterator[list[str]]:
        csv.field_size_limit(self._limits.field)  # of the whole process; one file is read at a time
        try:
            for record in csv.reader(self._lines(), delimiter=self.delimiter, strict=True):
                if record:
                    yield record
                self.chars = 0
        except csv.Error as error:
            raise FileRejected(self._reason(str(error)), line=self.first_line) from None

    def _lines(self) -> Iterator[str]:
        limit = self._limits.record
        readline = self._text.readline
        while line := readline(limit + 1):
            self.last_line += 1
            if not self.chars:
                self.first_line = self.last_line
            self.chars += len(line)
            if self.chars > limit:
                reason = FileReason.UNCLOSED_QUOTE if self.spans_lines else FileReason.ROW_TOO_LARGE
                raise FileRejected(reason, line=self.first_line)
            yield line

    @property
    def spans_lines(self) -> bool:
        """True if the record in hand has more than one physical line."""
        return self.last_line > self.first_line

    def _reason(self, message: str) -> FileReason:
        # An unclosed quote runs on until the next quote of the file, the field limit or the end: whatever the reader
        # complains of on a later line, the cause is where the record began.
        if self.spans_lines or message.startswith("unexpected end of data"):
            return FileReason.UNCLOSED_QUOTE
        if message.startswith("field larger than field limit"):
            return FileReason.FIELD_TOO_LARGE
        return FileReason.MALFORMED_QUOTE

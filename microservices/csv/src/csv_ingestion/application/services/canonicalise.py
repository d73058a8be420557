"""Writes a file's rows as canonical CSV: UTF-8, LF, RFC 4180 quoting, the contract's columns in order, `_extra`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from ingestion_kernel.domain.ports.source import RecordSink

from csv_ingestion.application.helpers.records import RecordReader
from csv_ingestion.application.validators.header import Header
from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.ports.rejected_rows import RejectedRows
from csv_ingestion.domain.reasons import FileReason, RowReason

#: Rows are handed on once they are this long together, in characters, or this many.
_CHUNK_CHARS = 256 * 1024
_CHUNK_ROWS = 1000


#: From so many columns on, a field with line ends and a row's worth of delimiters is no prose but swallowed rows.
_WIDE = 8


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many rows were taken and set aside, and the physical line of the first one set aside."""

    taken: int = 0
    rejected: int = 0
    first_rejected_line: int | None = None

    def __add__(self, later: RowCounts) -> RowCounts:
        """The counts of this stretch of a file and the next one."""
        first = self.first_rejected_line or later.first_rejected_line
        return RowCounts(self.taken + later.taken, self.rejected + later.rejected, first)

    def refuse_above(self, share: float) -> None:
        """Raise FileRejected if more than `share` (0 to 1) of the rows were set aside."""
        if self.rejected > share * (self.taken + self.rejected):
            raise FileRejected(FileReason.TOO_MANY_BAD_ROWS, line=self.first_rejected_line)


class Canonicaliser:
    """Rewrites the records of one file; values are not changed.

    Args:
        columns: the contract's columns, in order. Those that the file lacks are written empty.
        header: where the file keeps them.
        sink: takes the canonical rows.
        rejects: takes the rows whose number of fields is not the header's.
    """

    def __init__(self, columns: Sequence[str], header: Header, sink: RecordSink, rejects: RejectedRows) -> None:
        self._header = header
        self._sink = sink
        self._rejects = rejects
        # Each row is extended by its `_extra` text and one empty field, at these two positions.
        extra, empty = header.width, header.width + 1
        self._pick = itemgetter(*(header.known.get(column, empty) for column in columns), extra)

    def run(self, records: RecordReader, until: Callable[[], bool] = lambda: False) -> RowCounts:
        """Write the records that follow, up to the end or to the first one after which `until` says so.

        Raises:
            FileRejected: see `RecordReader`; also if a stray quote has probably glued rows together: a row that spans
                lines has the wrong width, or a field with the delimiters of a whole row.
        """
        width, taken, rejected, first_rejected, chars = self._header.width, 0, 0, None, 0
        rows: list[list[str]] = []
        for record in records:
            if len(record) == width:
                if records.spans_lines:
                    self._refuse_glued(records, record)
                rows.append(record)
                chars += records.chars
                if chars >= _CHUNK_CHARS or len(rows) == _CHUNK_ROWS:
                    taken += self._flush(rows)
                    chars = 0
            else:
                self._reject(records, record)
                rejected += 1
                first_rejected = first_rejected or records.first_line
            if until():
                break
        taken += self._flush(rows)
        return RowCounts(taken, rejected, first_rejected)

    def _reject(self, records: RecordReader, record: list[str]) -> None:
        if records.spans_lines:
            raise FileRejected(FileReason.UNCLOSED_QUOTE, line=records.first_line)
        few = len(record) < self._header.width
        self._rejects.add(records.first_line, RowReason.TOO_FEW_FIELDS if few else RowReason.TOO_MANY_FIELDS, record)

    def _refuse_glued(self, records: RecordReader, record: list[str]) -> None:
        # A quote left open in one row and closed in the same column of a later one gives a row of the right width. But
        # what it swallowed holds as many delimiters as a row, or a multiple of that.
        width = self._header.width
        if width >= _WIDE and any(field.count(records.delimiter) >= width - 1 for field in record):
            raise FileRejected(FileReason.UNCLOSED_QUOTE, line=records.first_line)

    def _flush(self, rows: list[list[str]]) -> int:
        if not rows:
            return 0
        for row in rows:
            row += (self._extra(row), "")
        count = len(rows)
        self._sink.write(_to_csv(list(map(self._pick, rows))), count)
        rows.clear()
        return count

    def _extra(self, row: list[str]) -> str:
        unknown = self._header.unknown
        if not unknown:
            return ""
        return json.dumps({name: row[position] for name, position in unknown.items()}, ensure_ascii=False)


def _to_csv(rows: list[tuple[str, ...]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    text = buffer.getvalue()
    if "\r" in text:
        # Python 3.11 quotes only the characters of `lineterminator`; a bare CR would end the row for a reader.
        buffer = io.StringIO(newline="")
        csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
        text = buffer.getvalue()
    return text.encode()

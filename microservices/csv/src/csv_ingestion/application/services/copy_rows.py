"""The fast way for files that are canonical already: checked block by block and copied, parsed only where they are not.

A file is taken this way if it is UTF-8, its delimiter a comma, and its columns the contract's first ones in order. Then
all that a regular row lacks is what follows its last field. Rows that are not regular (ragged, CR, quotes or line ends
within quotes) go through the `Canonicaliser`, in stretches as short as possible.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingestion_kernel.domain.ports.source import RecordSink

from csv_ingestion.application.helpers.blocks import Blocks, BlockText
from csv_ingestion.application.helpers.records import ReadLimits, RecordReader
from csv_ingestion.application.helpers.regular_rows import RegularRows
from csv_ingestion.application.services.canonicalise import Canonicaliser, RowCounts
from csv_ingestion.application.validators.header import Header
from csv_ingestion.domain.ports.rejected_rows import RejectedRows

_DELIMITER = ","

#: A block that is not regular is halved down to this size, in bytes, so that one odd row slows down few others.
_SHORTEST_STRETCH = 8 * 1024


def is_canonical(encoding: str, delimiter: str, header: Header, columns: Sequence[str]) -> bool:
    """True if a file of this kind may hold rows that can be copied."""
    in_order = header.known == {column: position for position, column in enumerate(columns[: header.width])}
    return encoding in ("utf-8", "utf-8-sig") and delimiter == _DELIMITER and in_order and not header.unknown


class RowCopier:
    """Copies the rows of one file that `is_canonical`.

    Args:
        columns: the contract's columns, in order.
        header: the file's.
        limits: of fields and records, as for `RecordReader`.
        sink: takes the canonical rows.
        rejects: takes the rows whose number of fields is not the header's.
    """

    def __init__(
        self, columns: Sequence[str], header: Header, limits: ReadLimits, sink: RecordSink, rejects: RejectedRows
    ) -> None:
        self._limits = limits
        self._sink = sink
        self._regular = RegularRows(header.width, limits.field)
        self._irregular = Canonicaliser(columns, header, sink, rejects)
        self._row_end = _DELIMITER.encode() * (len(columns) + 1 - header.width) + b"\n"

    def run(self, blocks: Blocks) -> RowCounts:
        """Copy or rewrite all rows of a file that is placed before its header.

        Raises:
            FileRejected: see `Canonicaliser.run`.
        """
        line, counts = self._skip_header(blocks), RowCounts()
        while block := blocks.next():
            rows = self._regular.count(block)
            if rows is not None:
                self._sink.write(block.replace(b"\n", self._row_end), rows)
                counts += RowCounts(rows)
                line += rows
            elif not _halve(block, blocks):
                blocks.give_back(block)
                text = BlockText(blocks)
                records = RecordReader(text, _DELIMITER, self._limits, line)
                counts += self._irregular.run(records, lambda: text.exhausted)
                line = records.last_line
        return counts

    def _skip_header(self, blocks: Blocks) -> int:
        text = BlockText(blocks)
        records = RecordReader(text, _DELIMITER, self._limits)
        next(iter(records))
        text.give_back()
        return records.last_line


def _halve(block: bytes, blocks: Blocks) -> bool:
    middle = block.find(b"\n", len(block) // 2) + 1 if len(block) > _SHORTEST_STRETCH else 0
    if not middle or middle == len(block):
        return False
    blocks.give_back(block[:middle], block[middle:])
    return True

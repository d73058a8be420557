"""`PendingBatch` of one claimed file: unpacked, checked, and written as canonical CSV."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

from ingestion_kernel.domain.batch import BatchKey, Extraction, RawFormat, SourceFile
from ingestion_kernel.domain.canonical_csv import canonical_header
from ingestion_kernel.domain.ports.source import Outcome, RecordSink

from csv_ingestion.application.helpers.blocks import Blocks
from csv_ingestion.application.helpers.encoding import detect_encoding
from csv_ingestion.application.helpers.records import ReadLimits, RecordReader
from csv_ingestion.application.helpers.unpacking import Packing, UnpackLimits, packing_of, unpacked
from csv_ingestion.application.services.canonicalise import Canonicaliser, RowCounts
from csv_ingestion.application.services.copy_rows import RowCopier, is_canonical
from csv_ingestion.application.validators.delimiter import Sample, choose, take_sample
from csv_ingestion.application.validators.header import Header, HeaderRules
from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.ports.inbox import ClaimedFile
from csv_ingestion.domain.ports.rejected_rows import RejectedRows
from csv_ingestion.domain.reasons import FileReason
from csv_ingestion.infrastructure.storage.source_errors import source_errors

#: Names of unknown columns kept in the manifest.
_MAX_NAMES = 100

_BYTE_ORDER_MARK_BYTES = 3  # of UTF-8


@dataclass(frozen=True, slots=True)
class FileRules:
    """What files may look like; see the settings of the same names."""

    columns: tuple[str, ...]
    header: HeaderRules
    delimiters: str
    encoding: str
    fallback_encoding: str
    max_file_bytes: int
    unpack: UnpackLimits
    limits: ReadLimits
    max_bad_rows_share: float


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a file turned out to look like."""

    packing: Packing
    encoding: str
    sample: Sample
    header: Header


class CsvBatch:
    """One claimed file; see `PendingBatch`.

    Args:
        claimed: the file.
        file: its bytes.
        utf8: `utf-8` or `utf-8-sig` if every byte is known to be that, and the file to be plain text.
        rules: what it may look like.
        reject: sets it aside.
    """

    format = RawFormat.CSV

    def __init__(
        self,
        claimed: ClaimedFile,
        file: BinaryIO,
        utf8: str | None,
        rules: FileRules,
        reject: Callable[[ClaimedFile, FileRejected], None],
    ) -> None:
        self._reject = reject
        self._claimed = claimed
        self._file = file
        self._utf8 = utf8
        self._rules = rules
        self.key: BatchKey | None = BatchKey.content(claimed.key)
        self.header = canonical_header(rules.columns)

    def extract(self, sink: RecordSink) -> Extraction:
        """See `PendingBatch`; a file that cannot be taken lies in `rejected/` when this raises."""
        try:
            extraction = self._read(sink)
        except FileRejected as reason:
            self._reject(self._claimed, reason)
            raise
        self._claimed.mark_extracted()
        return extraction

    def settle(self, outcome: Outcome) -> None:
        """See `PendingBatch`."""
        self._claimed.archive(duplicate=outcome is Outcome.DUPLICATE)

    def _read(self, sink: RecordSink) -> Extraction:
        with source_errors("read a claimed file"):
            try:
                return self._extract(sink)
            except UnicodeDecodeError:  # detect_encoding has decoded every byte that was there
                raise FileRejected(FileReason.CHANGED_WHILE_READ) from None

    def _extract(self, sink: RecordSink) -> Extraction:
        packing = packing_of(self._file)
        text = unpacked(self._file, self._claimed.size, packing, self._rules.unpack)
        shape = self._shape(text, packing)
        with self._claimed.rejected_rows() as rejects:
            counts = self._copy(text, shape, sink, rejects)
            counts.refuse_above(self._rules.max_bad_rows_share)
            self._claimed.refuse_if_changed()
            rejects.commit()
        return Extraction(
            rows_rejected=counts.rejected,
            publish_if_empty=True,
            source_files=(SourceFile(self._claimed.name, self._claimed.size, self._claimed.key),),
            details={
                "packing": shape.packing.value,
                "encoding": shape.encoding,
                "delimiter": shape.sample.delimiter,
                "unknown_columns": list(shape.header.unknown)[:_MAX_NAMES],
            },
        )

    def _shape(self, content: BinaryIO, packing: Packing) -> _Shape:
        rules = self._rules
        encoding = self._utf8 if not rules.encoding else None
        encoding = encoding or detect_encoding(content, rules.encoding, rules.fallback_encoding)
        sample = choose(self._samples(content, encoding), rules.header)
        return _Shape(packing, encoding, sample, rules.header.resolve(sample.header, sample.header_line))

    def _copy(self, content: BinaryIO, shape: _Shape, sink: RecordSink, rejects: RejectedRows) -> RowCounts:
        rules, header, delimiter = self._rules, shape.header, shape.sample.delimiter
        if is_canonical(shape.encoding, delimiter, header, rules.columns):
            content.seek(0)
            if shape.encoding == "utf-8-sig":
                content.read(_BYTE_ORDER_MARK_BYTES)
            blocks = Blocks(content, rules.limits.longest_utf8)
            return RowCopier(rules.columns, header, rules.limits, sink, rejects).run(blocks)
        with _text(content, shape.encoding) as text:
            records = RecordReader(text, delimiter, rules.limits)
            next(iter(records))  # the header is known already
            return Canonicaliser(rules.columns, header, sink, rejects).run(records)

    def _samples(self, content: BinaryIO, encoding: str) -> list[Sample]:
        samples, faults = [], []
        for delimiter in self._rules.delimiters:
            with _text(content, encoding) as text:
                try:
                    samples.append(take_sample(RecordReader(text, delimiter, self._rules.limits), delimiter))
                except FileRejected as fault:
                    faults.append(fault)
        if not samples:
            raise faults[0]
        return samples


@contextmanager
def _text(content: BinaryIO, encoding: str) -> Iterator[io.TextIOWrapper]:
    content.seek(0)
    # newline="": line endings inside quoted fields are data.
    text = io.TextIOWrapper(cast(IO[bytes], content), encoding=encoding, newline="")
    try:
        yield text
    finally:
        text.detach()  # the file stays open for the next pass

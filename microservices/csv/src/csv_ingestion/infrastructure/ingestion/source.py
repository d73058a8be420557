"""`Source` over a drop folder: one file is one batch, keyed by its content."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import structlog
from ingestion_kernel.domain.batch import BatchKey, Extraction, Mode, RawFormat, SourceFile, Watermark
from ingestion_kernel.domain.ports.source import Outcome, PendingBatch, RecordSink

from csv_ingestion.application.helpers.encoding import detect_encoding
from csv_ingestion.application.helpers.records import ReadLimits, RecordReader
from csv_ingestion.application.services.canonicalise import Canonicaliser, canonical_header
from csv_ingestion.application.validators.delimiter import Sample, choose, take_sample
from csv_ingestion.application.validators.header import HeaderRules
from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.reasons import FileReason
from csv_ingestion.infrastructure.storage.claimed_file import ClaimedFile
from csv_ingestion.infrastructure.storage.drop_folder import DropFolder
from csv_ingestion.infrastructure.storage.source_errors import source_errors

#: Names of unknown columns kept in the manifest.
_MAX_NAMES = 100

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FileRules:
    """What files may look like; see the settings of the same names."""

    columns: tuple[str, ...]
    header: HeaderRules
    delimiters: str
    fallback_encoding: str
    max_file_bytes: int
    limits: ReadLimits
    max_bad_rows_share: float


class CsvSource:
    """Customer files of one drop folder. Full mode makes no sense here: a published file has left the folder."""

    name = "csv"
    modes = frozenset({Mode.INCREMENTAL})

    def __init__(self, folder: DropFolder, rules: FileRules) -> None:
        self._folder = folder
        self._rules = rules
        self._rejected = 0

    @contextmanager
    def pending(self, mode: Mode, watermark: Watermark | None) -> Iterator[Iterator[PendingBatch]]:
        """See `Source`."""
        with closing(self._batches()) as batches:
            yield batches

    def take_rejected_inputs(self) -> int:
        """See `Source`."""
        count, self._rejected = self._rejected, 0
        return count

    def check(self) -> None:
        """See `Source`."""
        self._folder.check()

    def _batches(self) -> Generator[PendingBatch, None, None]:
        with closing(self._folder.claims()) as claims:
            for claimed in claims:
                try:
                    file = claimed.open(self._rules.max_file_bytes)
                except FileRejected as reason:
                    self._reject(claimed, reason)
                    continue
                with file:
                    yield CsvBatch(claimed, file, self._rules, self._reject)

    def _reject(self, claimed: ClaimedFile, reason: FileRejected) -> None:
        claimed.reject(reason)
        self._rejected += 1
        _log.warning(
            "file_rejected", key=claimed.key, code=reason.reason.value, line=reason.line, columns=reason.columns
        )


class CsvBatch:
    """One claimed file; see `PendingBatch`."""

    format = RawFormat.CSV

    def __init__(
        self,
        claimed: ClaimedFile,
        file: io.BufferedReader,
        rules: FileRules,
        reject: Callable[[ClaimedFile, FileRejected], None],
    ) -> None:
        self._reject = reject
        self._claimed = claimed
        self._file = file
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
        rules = self._rules
        encoding = detect_encoding(self._file, rules.fallback_encoding)
        sample = choose(self._samples(encoding), rules.header)
        header = rules.header.resolve(sample.header, sample.header_line)
        with self._claimed.rejected_rows() as rejects, self._text(encoding) as text:
            records = RecordReader(text, sample.delimiter, rules.limits)
            next(iter(records))  # the header is known already
            counts = Canonicaliser(rules.columns, header, sink, rejects).run(records)
            counts.refuse_above(rules.max_bad_rows_share)
            self._claimed.refuse_if_changed(self._file)
            rejects.commit()
        return Extraction(
            rows_rejected=counts.rejected,
            publish_if_empty=True,
            source_files=(SourceFile(self._claimed.name, self._claimed.size, self._claimed.key),),
            details={
                "encoding": encoding,
                "delimiter": sample.delimiter,
                "unknown_columns": list(header.unknown)[:_MAX_NAMES],
            },
        )

    def _samples(self, encoding: str) -> list[Sample]:
        samples, faults = [], []
        for delimiter in self._rules.delimiters:
            with self._text(encoding) as text:
                try:
                    samples.append(take_sample(RecordReader(text, delimiter, self._rules.limits), delimiter))
                except FileRejected as fault:
                    faults.append(fault)
        if not samples:
            raise faults[0]
        return samples

    @contextmanager
    def _text(self, encoding: str) -> Iterator[io.TextIOWrapper]:
        self._file.seek(0)
        # newline="": line endings inside quoted fields are data.
        text = io.TextIOWrapper(self._file, encoding=encoding, newline="")
        try:
            yield text
        finally:
            text.detach()  # the file stays open for the next pass

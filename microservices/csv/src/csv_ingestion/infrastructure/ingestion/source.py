"""`Source` over an inbox: one file is one batch, keyed by its content."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

import structlog
from ingestion_kernel.domain.batch import Mode, Watermark
from ingestion_kernel.domain.ports.source import PendingBatch

from csv_ingestion.application.helpers.encoding import Utf8Watch
from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.ports.inbox import ClaimedFile, Inbox
from csv_ingestion.infrastructure.ingestion.batch import CsvBatch, FileRules

_log = structlog.stdlib.get_logger(__name__)


class CsvSource:
    """Customer files of one inbox. Full mode makes no sense here: a published file has left the inbox."""

    name = "csv"
    modes = frozenset({Mode.INCREMENTAL})

    def __init__(self, inbox: Inbox, rules: FileRules) -> None:
        self._inbox = inbox
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
        self._inbox.check()

    def _batches(self) -> Generator[PendingBatch, None, None]:
        with closing(self._inbox.claims()) as claims:
            for claimed in claims:
                watch = Utf8Watch()
                try:
                    file = claimed.open(self._rules.max_file_bytes, watch.feed)
                except FileRejected as reason:
                    self._reject(claimed, reason)
                    continue
                with file:
                    yield CsvBatch(claimed, file, watch.encoding, self._rules, self._reject)
        # last, so that a fault here does not hold up the files
        purged = self._inbox.purge()
        if purged.archived or purged.rejected:
            _log.info("files_purged", archived=purged.archived, rejected=purged.rejected)

    def _reject(self, claimed: ClaimedFile, reason: FileRejected) -> None:
        claimed.reject(reason)
        self._rejected += 1
        _log.warning(
            "file_rejected", key=claimed.key, code=reason.reason.value, line=reason.line, columns=reason.columns
        )

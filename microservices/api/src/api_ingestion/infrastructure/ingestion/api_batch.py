"""A bounded number of pages of a walk, which become one raw batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from ingestion_kernel.domain.batch import BatchKey, Extraction, RawFormat, Watermark
from ingestion_kernel.domain.exceptions import SourceDataInvalid, SourceThrottled, SourceUnavailable
from ingestion_kernel.domain.ports.source import Outcome, RecordSink

from api_ingestion.application.helpers.documents import (
    at_path,
    digest,
    json_lines,
    page_digest,
    scalar_text,
    split_path,
)
from api_ingestion.application.helpers.mapping import RecordMapper
from api_ingestion.application.helpers.paging import PagingKind
from api_ingestion.domain.cursor import CursorType
from api_ingestion.domain.window import Verdict, Window
from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.infrastructure.ingestion.page_walk import Page, PageWalk

#: Large enough to spare calls, small enough not to matter beside a page.
_ROWS_AT_ONCE = 100

_log = structlog.stdlib.get_logger("api")


class PageBudget:
    """How many pages the run may still read; without end if `pages` is None."""

    def __init__(self, pages: int | None) -> None:
        self._left = pages

    @property
    def spent(self) -> bool:
        """True once no page is left."""
        return self._left is not None and self._left <= 0

    def take(self) -> None:
        """Count a page."""
        if self._left is not None:
            self._left -= 1


class ApiBatch:
    """A `PendingBatch` of at most API_MAX_PAGES_PER_BATCH pages.

    Args:
        walk: read on from where it stands.
        window: None takes every record.
        mapper: makes the lines.
        settings: bounds and paths.
        budget: of the run.
        keyed_by_content: the batch says nothing of where the next run starts (a full run).
        open_in_raw: raw's newest watermark lies within this window, so its end must be published even with no row.
    """

    key: BatchKey | None = None
    format = RawFormat.JSON_LINES
    header = b""

    def __init__(
        self,
        walk: PageWalk,
        window: Window | None,
        mapper: RecordMapper,
        settings: ApiSettings,
        budget: PageBudget,
        keyed_by_content: bool = False,
        open_in_raw: bool = False,
    ) -> None:
        self._walk = walk
        self._window = window
        self._mapper = mapper
        self._settings = settings
        self._budget = budget
        self._keyed_by_content = keyed_by_content
        self._open_in_raw = open_in_raw
        self._cursor_path = split_path(settings.api_cursor_field)
        self._validators: Mapping[str, str] = {}
        self.published = False

    def extract(self, sink: RecordSink) -> Extraction:
        """See `PendingBatch`."""
        counts: Counter[str] = Counter()
        interrupted = False
        while not self._walk.ended and counts["pages"] < self._settings.api_max_pages_per_batch:
            if self._budget.spent:
                break
            try:
                page = self._walk.read()
            except (SourceUnavailable, SourceThrottled):
                if not counts["pages"] or self._resumable is None:
                    raise
                # what was read is kept, and the next run goes on from here; the next read raises again
                interrupted = True
                break
            self._budget.take()
            counts["pages"] += 1
            counts["retries"] += page.retries
            counts["received"] += len(page.records)
            self._take(page, sink, counts)
        details: dict[str, Any] = {
            "paging": self._settings.api_paging.value,
            "pages": counts["pages"],
            "retries": counts["retries"],
            "records_received": counts["received"],
            "records_known": counts[Verdict.KNOWN],
            "records_before_window": counts[Verdict.BEFORE_WINDOW],
        }
        if self._window is not None:
            details |= {"since": self._window.low or self._window.since, "until": self._window.until}
        if self._resumable is None:
            return Extraction(content_addressed=True, details=details)
        # a batch that ends early is published even with no row: else the next run reads the same pages again
        ends_early = (self._budget.spent or interrupted) and counts["pages"] > 0
        must_publish = self._open_in_raw if self._walk.ended else ends_early
        return Extraction(watermark=self._watermark(self._resumable), publish_if_empty=must_publish, details=details)

    @property
    def _resumable(self) -> Window | None:
        """The window in which the next run goes on; None if the batch says nothing of that."""
        return None if self._keyed_by_content else self._window

    def settle(self, outcome: Outcome) -> None:
        """See `PendingBatch`."""
        self.published = outcome is Outcome.PUBLISHED

    def _take(self, page: Page, sink: RecordSink, counts: Counter[str]) -> None:
        if page.unchanged:
            _log.info("source_unchanged", reason="304 Not Modified; nothing is published")
        if page.validators and self._settings.api_conditional and self._walk.ended:
            self._validators = page.validators
        fresh = page.records
        if self._window is not None:
            verdicts = [self._verdict(self._window, record) for record in page.records]
            counts.update(verdicts)
            fresh = [record for record, verdict in zip(fresh, verdicts, strict=True) if verdict is Verdict.NEW]
            self._window.name_records()
        for start in range(0, len(fresh), _ROWS_AT_ONCE):
            rows = [self._mapper.row(record) for record in fresh[start : start + _ROWS_AT_ONCE]]
            lines = json_lines(rows)
            self._refuse_large(lines)
            sink.write(lines, len(rows))

    def _verdict(self, window: Window, record: Any) -> Verdict:
        return window.admit(self._cursor_of(record), partial(self._digest, record))

    def _refuse_large(self, lines: bytes) -> None:
        limit = self._settings.api_max_record_bytes
        if len(lines) > limit and any(len(line) > limit for line in lines.splitlines(keepends=True)):
            raise _too_large(limit)

    def _watermark(self, window: Window) -> Watermark:
        watermark = self._position(window)
        # how far the newest record reaches, for the lag that telemetry shows
        dated = self._settings.api_cursor_type is CursorType.TIMESTAMP
        return {**watermark, "as_of": watermark["newest"]} if dated else watermark

    def _position(self, window: Window) -> Watermark:
        if not self._walk.ended:
            return window.paused(*self._walk.position())
        if not self._validators or not alone(self._settings):
            return window.complete()
        return {**window.complete(), "validators": {"address": address_digest(self._walk), **self._validators}}

    def _digest(self, record: object) -> str:
        return digest(record, self._settings.api_max_json_depth)

    def _cursor_of(self, record: Any) -> str | None:
        if len(self._cursor_path) == 1 and type(record) is dict:
            value = record.get(self._cursor_path[0])
            return value if type(value) is str else scalar_text(value)
        try:
            return scalar_text(at_path(record, self._cursor_path))
        except KeyError:
            return None


def alone(settings: ApiSettings) -> bool:
    """The API is one document, read in one piece: the only case in which its validators mean something."""
    return settings.api_paging is PagingKind.NONE and not settings.api_window_seconds


def address_digest(walk: PageWalk) -> str:
    """Names the document's address, which may hold more than a manifest should."""
    return page_digest([walk.address()])


def _too_large(limit: int) -> SourceDataInvalid:
    return SourceDataInvalid(
        f"a record is larger than {limit} bytes",
        advice="Raise API_MAX_RECORD_BYTES if the partner's records really are that large.",
    )

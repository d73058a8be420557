"""The `Source` of the API: windows over what changed, cut into batches of pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

from ingestion_kernel.domain.batch import BatchKey, Extraction, Mode, RawFormat, Watermark
from ingestion_kernel.domain.exceptions import SourceDataInvalid
from ingestion_kernel.domain.ports.clock import Clock
from ingestion_kernel.domain.ports.source import Outcome, PendingBatch, RecordSink

from api_ingestion.application.helpers.records import RecordMapper, at_path, scalar_text, split_path
from api_ingestion.domain.cursor import CursorType
from api_ingestion.domain.window import Verdict, Window
from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.infrastructure.ingestion.http_client import ApiClient, PositionRefused
from api_ingestion.infrastructure.ingestion.page_walk import PageWalk


class ApiSource:
    """A partner's API as a source of customer records.

    Args:
        settings: what the API is like.
        columns: the contract's, in order.
        clock: bounds the window where the API takes an upper bound.
    """

    name = "api"
    modes = frozenset({Mode.INCREMENTAL, Mode.FULL})

    def __init__(self, settings: ApiSettings, columns: Sequence[str], clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._mapper = RecordMapper(columns, settings.api_field_map)

    @contextmanager
    def pending(self, mode: Mode, watermark: Watermark | None) -> Iterator[Iterator[PendingBatch]]:
        """See `Source`. An unfinished window is finished first; then comes what changed since."""
        with ApiClient(self._settings, self._clock) as client:
            yield self._full(client) if mode is Mode.FULL else self._incremental(client, watermark)

    def take_rejected_inputs(self) -> int:
        """See `Source`: an API has no whole inputs to set aside."""
        return 0

    def check(self) -> None:
        """See `Source`: asks for the smallest page the API gives, once, as probes come often."""
        quick = self._settings.model_copy(update={"api_retry_attempts": 1, "api_page_size": 1})
        with ApiClient(quick, self._clock) as client:
            PageWalk(client, self._settings, {}).read()

    def _full(self, client: ApiClient) -> Iterator[PendingBatch]:
        walk = PageWalk(client, self._settings, {})
        while not walk.ended:
            yield ApiBatch(walk, None, self._mapper, self._settings)

    def _incremental(self, client: ApiClient, watermark: Watermark | None) -> Iterator[PendingBatch]:
        if watermark and watermark["resume"]:
            resumed = Window.resumed(self._settings.api_cursor_type, watermark)
            try:
                walk = self._walk(client, resumed)
                walk.resume(watermark["resume"])
            except PositionRefused:
                pass  # its cursor has expired or paging was set otherwise: the window is read anew, nothing is lost
            else:
                yield from self._batches(walk, resumed, open_in_raw=True)
                watermark = resumed.complete()
        until = self._until()
        window = Window.after(self._settings.api_cursor_type, watermark, until)
        yield from self._batches(
            self._walk(client, window), window, open_in_raw=bool(watermark and watermark["resume"])
        )

    def _batches(self, walk: PageWalk, window: Window, open_in_raw: bool) -> Iterator[PendingBatch]:
        while not walk.ended:
            batch = ApiBatch(walk, window, self._mapper, self._settings, open_in_raw)
            yield batch
            open_in_raw = open_in_raw or batch.published

    def _walk(self, client: ApiClient, window: Window) -> PageWalk:
        bounds = {self._settings.api_since_param: window.since, self._settings.api_until_param: window.until}
        return PageWalk(client, self._settings, {name: value for name, value in bounds.items() if name and value})

    def _until(self) -> str | None:
        if not self._settings.api_until_param:
            return None
        moment = self._clock.now() - timedelta(seconds=self._settings.api_settle_seconds)
        return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


class ApiBatch:
    """A `PendingBatch` of at most API_MAX_PAGES_PER_BATCH pages.

    Args:
        walk: read on from where it stands.
        window: None takes every record.
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
        open_in_raw: bool = False,
    ) -> None:
        self._walk = walk
        self._window = window
        self._mapper = mapper
        self._settings = settings
        self._open_in_raw = open_in_raw
        self._cursor_path = split_path(settings.api_cursor_field)
        self.published = False

    def extract(self, sink: RecordSink) -> Extraction:
        """See `PendingBatch`."""
        counts: Counter[str] = Counter()
        retries = self._walk.retries
        while not self._walk.ended and counts["pages"] < self._settings.api_max_pages_per_batch:
            counts["pages"] += 1
            for record, digest in self._walk.read():
                counts["received"] += 1
                verdict = self._verdict(record, digest)
                counts[verdict] += 1
                if verdict is Verdict.NEW:
                    sink.write(self._line(record))
        details = {
            "paging": self._settings.api_paging.value,
            "pages": counts["pages"],
            "retries": self._walk.retries - retries,
            "records_received": counts["received"],
            "records_known": counts[Verdict.KNOWN],
            "records_before_window": counts[Verdict.BEFORE_WINDOW],
        }
        if self._window is None:
            return Extraction(content_addressed=True, details=details)
        return Extraction(
            watermark=self._watermark(self._window),
            publish_if_empty=self._walk.ended and self._open_in_raw,
            details={**details, "until": self._window.until},
        )

    def settle(self, outcome: Outcome) -> None:
        """See `PendingBatch`."""
        self.published = outcome is Outcome.PUBLISHED

    def _watermark(self, window: Window) -> Watermark:
        watermark = window.complete() if self._walk.ended else window.paused(*self._walk.position())
        dated = self._settings.api_cursor_type is CursorType.TIMESTAMP
        return {**watermark, "as_of": watermark["seen_max"]} if dated else watermark

    def _verdict(self, record: object, digest: str) -> Verdict:
        if self._window is None:
            return Verdict.NEW
        return self._window.admit(self._cursor_of(record), digest)

    def _cursor_of(self, record: object) -> str | None:
        if not isinstance(record, Mapping):
            return None
        try:
            return scalar_text(at_path(record, self._cursor_path))
        except KeyError:
            return None

    def _line(self, record: object) -> bytes:
        line = self._mapper.line(record)
        if len(line) > self._settings.api_max_record_bytes:
            raise SourceDataInvalid(
                f"a record is larger than {self._settings.api_max_record_bytes} bytes",
                advice="Raise API_MAX_RECORD_BYTES if the partner's records really are that large.",
            )
        return line

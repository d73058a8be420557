"""The `Source` of the API: windows over what changed, cut into batches of pages."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from ingestion_kernel.domain.batch import Mode, Watermark
from ingestion_kernel.domain.exceptions import SourceDataInvalid, SourceThrottled
from ingestion_kernel.domain.ports.clock import Clock
from ingestion_kernel.domain.ports.source import PendingBatch

from api_ingestion.application.helpers.mapping import RecordMapper
from api_ingestion.domain.cursor import CursorType
from api_ingestion.domain.time_windows import SEAM, moment_text, time_windows
from api_ingestion.domain.window import Window
from api_ingestion.infrastructure.authentication.headers import client_credentials
from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.infrastructure.ingestion.api_batch import ApiBatch, PageBudget, address_digest, alone
from api_ingestion.infrastructure.ingestion.http_client import ApiClient, PositionRefused
from api_ingestion.infrastructure.ingestion.network import Resolver, resolve
from api_ingestion.infrastructure.ingestion.page_walk import PageWalk
from api_ingestion.infrastructure.ingestion.rate_limit import TokenBucket

#: How long a check waits for the API, and how long the answer holds.
_CHECK_SECONDS = 10.0
_USABLE_SECONDS = 300.0
#: By how much the API's clock may be behind ours.
_CLOCKS_DIFFER = timedelta(minutes=5)

_log = structlog.stdlib.get_logger("api")


class ApiSource:
    """A partner's API as a source of customer records. Tokens and the rate limit outlive a run.

    Args:
        settings: what the API is like.
        columns: the contract's, in order.
        field_map: contract column -> path in the partner's record.
        clock: bounds the window where the API takes an upper bound.
        resolver: gives a host's addresses; a test's hook.
    """

    name = "api"
    modes = frozenset({Mode.INCREMENTAL, Mode.FULL})

    def __init__(
        self,
        settings: ApiSettings,
        columns: Sequence[str],
        field_map: Mapping[str, str],
        clock: Clock,
        resolver: Resolver = resolve,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._resolver = resolver
        self._mapper = RecordMapper(columns, field_map, settings.api_max_json_depth)
        self._credentials = client_credentials(settings)
        self._bucket = TokenBucket(settings.api_requests_per_second, settings.api_request_burst)
        self._usable_until = 0.0

    @contextmanager
    def pending(self, mode: Mode, watermark: Watermark | None) -> Iterator[Iterator[PendingBatch]]:
        """See `Source`. An unfinished window is finished first; then comes what changed since."""
        budget = PageBudget(self._settings.api_max_pages)
        with self._client(self._settings) as client:
            batches = self._full(client, budget) if mode is Mode.FULL else self._incremental(client, budget, watermark)
            try:
                yield batches
            finally:
                batches.close()  # ends what is fetched ahead, before the client closes under it

    def take_rejected_inputs(self) -> int:
        """See `Source`: an API has no whole inputs to set aside."""
        return 0

    def check(self) -> None:
        """See `Source`: asks once for the smallest page of the last second.

        A probe comes every few seconds, and each request is one less of the partner's quota: what is found holds for
        some minutes. An API that asks for a pause is there.
        """
        if time.monotonic() < self._usable_until:
            return
        quick = self._settings.model_copy(
            update={"api_retry_attempts": 1, "api_page_size": 1, "api_deadline_seconds": _CHECK_SECONDS}
        )
        try:
            with self._client(quick) as client:
                PageWalk(client, quick, self._last_second()).read()
        except SourceThrottled as fault:
            _log.warning("source_throttled", next_allowed_at=fault.next_allowed_at)
        self._usable_until = time.monotonic() + _USABLE_SECONDS

    def _last_second(self) -> dict[str, str]:
        """The parameters of a window of a second; none for an API that is not asked by time."""
        if self._settings.api_cursor_type is not CursorType.TIMESTAMP:
            return {}
        until = self._now()
        return self._parameters(moment_text(until - timedelta(seconds=1)), moment_text(until))

    def _parameters(self, since: str | None, until: str | None) -> dict[str, str]:
        """What bounds a window in a request; only those that the API takes and that are known."""
        stated = {self._settings.api_since_param: since, self._settings.api_until_param: until}
        return {name: value for name, value in stated.items() if name and value}

    def _client(self, settings: ApiSettings) -> ApiClient:
        return ApiClient(settings, self._clock, self._credentials, self._bucket, self._resolver)

    def _full(self, client: ApiClient, budget: PageBudget) -> Generator[PendingBatch, None, None]:
        if not self._settings.api_window_seconds:
            yield from self._batches(self._walk(client, {}), None, budget, keyed_by_content=True)
            return
        watermark: Watermark | None = None
        for low, until in self._bounds(None, None):
            window = Window.after(self._settings.api_cursor_type, watermark, until, low)
            yield from self._batches(self._walk_of(client, window), window, budget, keyed_by_content=True)
            watermark = window.complete()

    def _incremental(
        self, client: ApiClient, budget: PageBudget, watermark: Watermark | None
    ) -> Generator[PendingBatch, None, None]:
        kind, reached = self._settings.api_cursor_type, None
        if watermark and watermark["resume"]:
            resumed = Window.resumed(kind, watermark)
            walk = self._walk_of(client, resumed)
            try:
                walk.resume(watermark["resume"])
            except PositionRefused:
                # its cursor has expired or paging was set otherwise: the window is read anew, nothing is lost
                walk.close()
            else:
                yield from self._batches(walk, resumed, budget, open_in_raw=True)
                if not walk.ended:
                    return
                watermark, reached = resumed.complete(), resumed.settled
        began = self._began()  # for all windows of a row: one may be walked for long, and the next one moves `since` on
        for low, until in self._bounds(watermark, reached):
            window = Window.after(kind, watermark, until, low, began)
            walk = self._walk_of(client, window, watermark)
            yield from self._batches(walk, window, budget, open_in_raw=bool(watermark and watermark["resume"]))
            if not walk.ended:
                return
            watermark = window.complete()

    def _batches(
        self,
        walk: PageWalk,
        window: Window | None,
        budget: PageBudget,
        keyed_by_content: bool = False,
        open_in_raw: bool = False,
    ) -> Iterator[PendingBatch]:
        try:
            while not walk.ended and not budget.spent:
                batch = ApiBatch(walk, window, self._mapper, self._settings, budget, keyed_by_content, open_in_raw)
                yield batch
                open_in_raw = open_in_raw or batch.published
            if keyed_by_content and not walk.ended:
                raise SourceDataInvalid(
                    "a full run reached API_MAX_PAGES before the API's last page",
                    advice="Raise API_MAX_PAGES, or see why the API does not end.",
                )
        finally:
            walk.close()

    def _walk(self, client: ApiClient, bounds: Mapping[str, str], known: Mapping[str, str] | None = None) -> PageWalk:
        return PageWalk(client, self._settings, bounds, known, self._settings.api_prefetch_pages)

    def _walk_of(self, client: ApiClient, window: Window, watermark: Watermark | None = None) -> PageWalk:
        bounds = self._parameters(window.low or window.since, window.until)
        known = (watermark or {}).get("validators")
        if not known or not self._settings.api_conditional or not alone(self._settings):
            return self._walk(client, bounds)
        walk = self._walk(client, bounds, known)
        return walk if known["address"] == address_digest(walk) else self._walk(client, bounds)

    def _bounds(self, watermark: Watermark | None, reached: str | None) -> Iterator[tuple[str | None, str | None]]:
        """Lower (None: the watermark's own) and upper bounds of the windows to read.

        Args:
            watermark: where the last complete window ended.
            reached: up to where the window that this run has just finished is settled, None if there was none.
        """
        since = watermark["since"] if watermark else None
        start, length = self._settings.api_start, self._settings.api_window_seconds
        if length is None or start is None:
            yield None if since or start is None else moment_text(start), self._until()
            return
        last = reached or since
        if last:
            start = self._moment(last)
        seam = SEAM if reached else timedelta(0)
        for low, high in time_windows(start, self._now(), timedelta(seconds=length), seam):
            yield moment_text(low), moment_text(high)

    def _began(self) -> str | None:
        """A moment before now by the API's clock too; None where its records are not ordered by moments."""
        dated = self._settings.api_cursor_type is CursorType.TIMESTAMP
        return moment_text(self._clock.now() - _CLOCKS_DIFFER) if dated else None

    def _until(self) -> str | None:
        return moment_text(self._now()) if self._settings.api_until_param else None

    def _now(self) -> datetime:
        return self._clock.now() - timedelta(seconds=self._settings.api_settle_seconds)

    def _moment(self, text: str) -> datetime:
        key = self._settings.api_cursor_type.key(text)
        moment = key[0] if key else None
        if not isinstance(moment, datetime):
            raise SourceDataInvalid("the watermark in raw is no moment", advice="Set API_CURSOR_TYPE back.")
        return moment

"""A walk over the pages of one window: knows where it stands, and sees when the API goes in circles."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ingestion_kernel.domain.exceptions import SourceDataInvalid, SourceThrottled, SourceUnavailable

from api_ingestion.application.helpers.documents import at_path, page_digest, split_path
from api_ingestion.application.helpers.paging import PageAnswer, PagingKind
from api_ingestion.domain.window import PageState
from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.infrastructure.ingestion.http_client import ApiClient, PositionRefused
from api_ingestion.infrastructure.ingestion.prefetch import Prefetcher


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        records: as they came.
        following: where the walk stands after it, None at the end.
        digest: of its records; empty if it has none.
        retries: requests repeated to get it.
        validators: see `PageAnswer`.
        unchanged: see `PageAnswer`.
    """

    records: list[Any]
    following: PageState | None
    digest: str
    retries: int
    validators: Mapping[str, str]
    unchanged: bool


class PageWalk:
    """Reads page after page, the next ones ahead of the one asked for. Its own position is that of its reader.

    Args:
        client: the run's connection.
        settings: how the API pages, and the limits of a page.
        bounds: parameters that bound the window.
        validators: of the document, where it is the only page.
        ahead: pages to be fetched before they are asked for; 0 fetches in the reader's thread.
    """

    def __init__(
        self,
        client: ApiClient,
        settings: ApiSettings,
        bounds: Mapping[str, str],
        validators: Mapping[str, str] | None = None,
        ahead: int = 0,
    ) -> None:
        self._client = client
        self._settings = settings
        self._bounds = bounds
        self._validators = validators
        self._ahead = ahead
        self._paging = settings.paging()
        self._records_path = split_path(settings.api_records_path)
        self._state: PageState | None = self._paging.first()
        self._last_page = ""
        self._fetched: Page | None = None
        self._fault: SourceUnavailable | SourceThrottled | None = None
        self._pages = self._started()

    @property
    def ended(self) -> bool:
        """True once the last page was read."""
        return self._state is None

    def address(self) -> str:
        """Where the first page is."""
        return str(self._client.address(self._paging.request(self._paging.first(), self._bounds)))

    def read(self) -> Page:
        """The next page.

        Raises:
            SourceUnavailable, SourceThrottled: see `ApiClient.read`; each later call raises it too.
            SourceDataInvalid: the page cannot be taken, or was read before.
            IngestionError: see `ApiClient.read`.
        """
        if self._state is None:
            raise ValueError("the walk has ended")
        if self._fault:
            raise self._fault
        try:
            page = self._fetched or next(self._pages)
        except (SourceUnavailable, SourceThrottled) as fault:
            self._fault = fault
            raise
        self._fetched = None
        self._state = page.following
        self._last_page = page.digest or self._last_page
        return page

    def position(self) -> tuple[PageState, str]:
        """Where the walk stands, for `resume`; and the digest of the last page."""
        return {"paging": self._settings.api_paging.value, **(self._state or {})}, self._last_page

    def resume(self, resume: Mapping[str, Any]) -> None:
        """Go to where an earlier run stood, and make sure that the API still knows the place.

        Raises:
            PositionRefused: it does not, or the API is paged in another way now.
        """
        position = dict(resume["position"])
        if position.pop("paging") != self._settings.api_paging.value:
            raise PositionRefused("API_PAGING has changed")
        self._state, self._last_page = position, resume["last_page"]
        self._pages = self._started()
        self._fetched = next(self._pages)

    def close(self) -> None:
        """End what is fetched ahead; nothing runs any more after this."""
        if isinstance(self._pages, Prefetcher):
            # after the last page the thread ends by itself, and the client is needed for the next walk
            self._pages.close(_leave_alone if self.ended else self._client.abort)

    def _started(self) -> Iterator[Page] | Prefetcher[Page]:
        pages = self._fetch(self._state, self._last_page)
        alone = self._settings.api_paging is PagingKind.NONE
        return Prefetcher(pages, self._ahead) if self._ahead and not alone else pages

    def _fetch(self, state: PageState | None, last_page: str) -> Iterator[Page]:
        """The pages from `state` on. May run in a thread of its own, so it shares nothing with the reader."""
        states, digests = {_text(state)}, {last_page}
        while state is not None:
            retried = self._client.retries
            answer = self._client.read(self._paging.request(state, self._bounds), self._validators)
            if answer.unchanged:
                yield Page([], None, "", self._client.retries - retried, {}, True)
                return
            records = self._records(answer)
            digest = page_digest(records) if records else ""
            if records and digest in digests:
                raise _repeated("the API sent the same page twice")
            digests.add(digest)
            state = self._paging.following(state, answer, len(records))
            if state is not None and _text(state) in states:
                raise _repeated("the API names the same next page twice")
            states.add(_text(state))
            yield Page(records, state, digest, self._client.retries - retried, answer.validators, False)

    def _records(self, answer: PageAnswer) -> list[Any]:
        try:
            records = at_path(answer.document, self._records_path)
        except KeyError:
            records = None
        if not isinstance(records, list):
            raise SourceDataInvalid("the answer has no list at API_RECORDS_PATH", advice="Correct API_RECORDS_PATH.")
        if len(records) > self._settings.api_max_page_records:
            raise SourceDataInvalid(
                f"a page has more than {self._settings.api_max_page_records} records",
                advice="Ask for smaller pages (API_SIZE_PARAM, API_PAGE_SIZE) or raise API_MAX_PAGE_RECORDS.",
            )
        return records


def _leave_alone() -> None:
    """There is nothing to wake."""


def _text(state: PageState | None) -> str:
    return json.dumps(None if state is None else dict(state), sort_keys=True)


def _repeated(what: str) -> SourceDataInvalid:
    return SourceDataInvalid(
        what,
        advice="Check the paging settings: the API seems to ignore the paging parameter, or repeats its last page"
        " (then set API_HAS_MORE_PATH or API_SHORT_PAGE_ENDS).",
    )

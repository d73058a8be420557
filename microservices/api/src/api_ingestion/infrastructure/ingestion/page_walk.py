"""A walk over the pages of one window: knows where it stands, and sees when the API goes in circles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ingestion_kernel.domain.exceptions import SourceDataInvalid

from api_ingestion.application.helpers.paging import PageAnswer
from api_ingestion.application.helpers.records import at_path, digest, split_path
from api_ingestion.domain.window import PageState
from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.infrastructure.ingestion.http_client import ApiClient, PositionRefused


class PageWalk:
    """Reads page after page.

    Args:
        client: the run's connection.
        settings: how the API pages, and the limits of a page.
        bounds: parameters that bound the window.
    """

    def __init__(self, client: ApiClient, settings: ApiSettings, bounds: Mapping[str, str]) -> None:
        self._client = client
        self._settings = settings
        self._bounds = bounds
        self._paging = settings.paging()
        self._state: PageState | None = self._paging.first()
        self._states = {_text(self._state)}
        self._pages: set[str] = set()
        self._last_page = ""
        self._fetched: PageAnswer | None = None

    @property
    def ended(self) -> bool:
        """True once the last page was read."""
        return self._state is None

    @property
    def retries(self) -> int:
        """Requests repeated so far in this run."""
        return self._client.retries

    def read(self) -> list[tuple[Any, str]]:
        """The records of the next page, each with the digest of its content.

        Raises:
            SourceDataInvalid: the page cannot be taken, or was read before.
            IngestionError: see `ApiClient.read`.
        """
        if self._state is None:
            raise ValueError("the walk has ended")
        answer = self._fetched or self._client.read(self._paging.request(self._state, self._bounds))
        self._fetched = None
        records = self._records(answer)
        digests = [digest(record) for record in records]
        self._refuse_repeat(digests)
        following = self._paging.following(self._state, answer, len(records))
        if following is not None and _text(following) in self._states:
            raise _repeated("the API names the same next page twice")
        self._states.add(_text(following))
        self._state = following
        return list(zip(records, digests, strict=True))

    def position(self) -> tuple[PageState, str]:
        """Where the walk stands, for `resume`; and the hash of the last page."""
        return {"paging": self._settings.api_paging.value, **(self._state or {})}, self._last_page

    def resume(self, resume: Mapping[str, Any]) -> None:
        """Go to where an earlier run stood, and make sure that the API still knows the place.

        Raises:
            PositionRefused: it does not, or the API is paged in another way now.
        """
        position = dict(resume["position"])
        if position.pop("paging") != self._settings.api_paging.value:
            raise PositionRefused("API_PAGING has changed")
        self._state, self._states = position, {_text(position)}
        self._pages = {resume["last_page"]}
        self._last_page = resume["last_page"]
        self._fetched = self._client.read(self._paging.request(position, self._bounds))

    def _records(self, answer: PageAnswer) -> list[Any]:
        try:
            records = at_path(answer.document, split_path(self._settings.api_records_path))
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

    def _refuse_repeat(self, digests: list[str]) -> None:
        if not digests:
            return
        self._last_page = digest(digests)
        if self._last_page in self._pages:
            raise _repeated("the API sent the same page twice")
        self._pages.add(self._last_page)


def _text(state: PageState | None) -> str:
    return json.dumps(None if state is None else dict(state), sort_keys=True)


def _repeated(what: str) -> SourceDataInvalid:
    return SourceDataInvalid(
        what,
        advice="Check the paging settings: the API seems to ignore the paging parameter, or repeats its last page"
        " (then set API_HAS_MORE_PATH or API_SHORT_PAGE_ENDS).",
    )

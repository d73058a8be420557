"""The ways in which an API hands out a long list, each as: where a walk stands -> request -> where it stands next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urljoin, urlsplit

from ingestion_kernel.domain.exceptions import SourceDataInvalid

from api_ingestion.application.helpers.documents import Path, at_path, scalar_text
from api_ingestion.domain.window import PageState

_NO_MORE = (None, "", "false", "0")
#: Names in a state of what goes into the request; `read` counts the records so far.
_POSITIONS = ("page", "offset", "cursor")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class PagingKind(StrEnum):
    """How the next page is asked for."""

    NONE = "none"
    PAGE = "page"
    OFFSET = "offset"
    CURSOR = "cursor"
    NEXT_LINK = "next_link"
    LINK_HEADER = "link_header"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What to ask for: `params` added to the base address, or another `target` (path and query) of the same origin."""

    params: Mapping[str, str]
    target: str | None = None


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """What came.

    Attributes:
        document: JSON; None if `unchanged`.
        url: the address it came from.
        link: the target of its `Link: rel=next` (RFC 8288).
        validators: of the document: `etag` and `last_modified` as sent, where they were.
        unchanged: the API says that the document is the one whose validators it was shown (304).
    """

    document: Any
    url: str
    link: str | None = None
    validators: Mapping[str, str] = field(default_factory=dict)
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Paging:
    """Walks the pages of one API.

    Attributes:
        kind: how.
        size: records asked for in a page; the API may give fewer.
        size_param: name of the parameter for it, None if the API has none.
        position_param: name of the parameter for page number, offset or cursor.
        first_page: number of the first page.
        next_path: where the next cursor or link stands in the document; null or empty there ends the walk.
        next_optional: the API leaves that field out of the last page.
        has_more_path: where the document says that more pages follow, None if it does not.
        total_path: where the document says how many records all pages hold together, None if it does not.
        short_page_ends: a page with fewer records than `size` is the last.
    """

    kind: PagingKind
    size: int
    size_param: str | None
    position_param: str
    first_page: int
    next_path: Path
    next_optional: bool
    has_more_path: Path | None
    total_path: Path | None
    short_page_ends: bool

    def first(self) -> PageState:
        """Before the first page."""
        if self.kind is PagingKind.PAGE:
            return {"page": self.first_page}
        return {"offset": 0} if self.kind is PagingKind.OFFSET else {}

    def request(self, state: PageState, window: Mapping[str, str]) -> PageRequest:
        """What to ask for at `state`; `window` holds the parameters that bound the window."""
        if "target" in state:
            return PageRequest({}, str(state["target"]))
        params = dict(window)
        if self.size_param and self.kind is not PagingKind.NONE:
            params[self.size_param] = str(self.size)
        params |= {self.position_param: str(value) for name, value in state.items() if name in _POSITIONS}
        return PageRequest(params)

    def following(self, state: PageState, answer: PageAnswer, records: int) -> PageState | None:
        """Where the walk stands after `answer`, None at its end.

        Raises:
            SourceDataInvalid: the answer does not say what follows, or leads to another host.
        """
        if self.kind is PagingKind.NONE:
            return None
        if self.kind is PagingKind.CURSOR:
            value = self._next_value(answer)
            return None if value is None or value == "false" else {"cursor": value}
        if self.kind is PagingKind.NEXT_LINK:
            return _link_state(answer, self._next_value(answer))
        if self.kind is PagingKind.LINK_HEADER:
            return _link_state(answer, answer.link)
        return self._after_number(state, answer, records)

    def _after_number(self, state: PageState, answer: PageAnswer, records: int) -> PageState | None:
        # a server that caps the size makes every page short, so by default only an empty one is trusted to be the last
        if not records or (self.short_page_ends and records < self.size) or not self._has_more(answer):
            return None
        counted: dict[str, str | int] = {}
        if self.total_path is not None:
            counted = {"read": int(state.get("read", 0)) + records}
            if int(counted["read"]) >= self._total(answer, self.total_path):
                return None
        if self.kind is PagingKind.PAGE:
            return {"page": int(state["page"]) + 1, **counted}
        return {"offset": int(state["offset"]) + records, **counted}

    def _total(self, answer: PageAnswer, path: Path) -> int:
        try:
            text = scalar_text(at_path(answer.document, path)) or ""
        except KeyError:
            text = ""
        if not (text.isascii() and text.isdecimal()):
            raise SourceDataInvalid(
                "the answer has no whole number at API_TOTAL_PATH", advice="Correct or remove API_TOTAL_PATH."
            )
        return int(text)

    def _has_more(self, answer: PageAnswer) -> bool:
        if self.has_more_path is None:
            return True
        try:
            value = at_path(answer.document, self.has_more_path)
        except KeyError:
            raise SourceDataInvalid(
                "the answer has nothing at API_HAS_MORE_PATH", advice="Correct or remove API_HAS_MORE_PATH."
            ) from None
        return isinstance(value, (dict, list)) or scalar_text(value) not in _NO_MORE

    def _next_value(self, answer: PageAnswer) -> str | None:
        try:
            value = at_path(answer.document, self.next_path)
        except KeyError:
            if self.next_optional:
                return None
            # ending here would lose all pages but the first if the path were merely misspelt
            raise SourceDataInvalid(
                "the answer has nothing at API_NEXT_PATH",
                advice="Correct API_NEXT_PATH; set API_NEXT_OPTIONAL=true if the API leaves it out of the last page.",
            ) from None
        if value is None:
            return None
        text = scalar_text(value)
        if text is None:
            raise SourceDataInvalid("what stands at API_NEXT_PATH is no text", advice="Correct API_NEXT_PATH.")
        return text or None


def _link_state(answer: PageAnswer, link: str | None) -> PageState | None:
    return None if link is None else {"target": target_of(answer.url, link)}


def target_of(current: str, link: str) -> str:
    """Path and query of `link`, which must lead to the origin (scheme, host, port) of `current`.

    Anything else would hand the key to whomever the answer names.

    Raises:
        SourceDataInvalid: it leads elsewhere, holds credentials, or is no address.
    """
    try:
        here, there = urlsplit(current), urlsplit(urljoin(current, link))
        same = _origin(here) == _origin(there) and "@" not in there.netloc
    except ValueError:
        same = False
    if not same:
        raise SourceDataInvalid(
            "the next link leads to another scheme, host or port; it was not followed",
            advice="Ask the partner for links of the API's own origin, or set API_URL to the origin that they name.",
        )
    return (there.path or "/") + (f"?{there.query}" if there.query else "")


def _origin(url: Any) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _DEFAULT_PORTS.get(url.scheme)

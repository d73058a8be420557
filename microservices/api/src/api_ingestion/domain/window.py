"""A window: one frozen pass over what changed in the source, from which each record is taken exactly once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ingestion_kernel.domain.batch import Watermark
from ingestion_kernel.domain.exceptions import ConfigurationInvalid

from api_ingestion.domain.cursor import CursorType, OrderKey

#: Where a walk over pages stands: JSON-able, opaque to all but the paging that made it.
PageState = Mapping[str, str | int]


class Verdict(StrEnum):
    """What becomes of a record."""

    NEW = "new"
    KNOWN = "known"
    BEFORE_WINDOW = "before_window"


@dataclass(slots=True)
class Window:
    """Decides what is new, and where the next window starts.

    Pages need not be sorted by the cursor: `since` moves to the highest cursor value only once the window is complete.
    An API's `updated_since` may be inclusive, so records at exactly `since` are recognised by their digests.
    So are records with no usable cursor value, which no `since` can exclude.

    Attributes:
        since: lower bound, as the API wrote it; None takes everything.
        low: lower bound sent to the API where it is not `since`, as in a row of time windows.
        boundary: digests of the records already taken at `since`, and of those without a usable cursor value.
        until: upper bound sent to the API, None if it takes none.
        seen_max: highest cursor value of this window so far, as the API wrote it.
        at_max: digests of the records at `seen_max`.
        undated: digests of this window's records without a usable cursor value.
    """

    kind: CursorType
    since: str | None = None
    boundary: frozenset[str] = frozenset()
    until: str | None = None
    low: str | None = None
    seen_max: str | None = None
    at_max: set[str] = field(default_factory=set)
    undated: set[str] = field(default_factory=set)
    _unnamed: list[Callable[[], str]] = field(init=False, default_factory=list)
    _since_key: OrderKey | None = field(init=False)
    _max_key: OrderKey | None = field(init=False)

    def __post_init__(self) -> None:
        self._since_key = _bound(self.kind, self.since)
        self._max_key = _bound(self.kind, self.seen_max)

    def admit(self, cursor: str | None, digest: Callable[[], str]) -> Verdict:
        """Note a record of the window and say whether it is to be written.

        Args:
            cursor: its cursor value as the API wrote it, None if it has none.
            digest: of its content; asked for only where the cursor does not settle the matter, as it costs.
        """
        key = None if cursor is None else self.kind.key(cursor)
        if key is None:
            named = digest()
            self.undated.add(named)
            return Verdict.KNOWN if named in self.boundary else Verdict.NEW
        if self._since_key is not None and key < self._since_key:
            return Verdict.BEFORE_WINDOW
        if self._max_key is None or key > self._max_key:
            self.seen_max, self._max_key = cursor, key
            self.at_max.clear()
            self._unnamed[:] = (digest,)
        elif key == self._max_key:
            self._unnamed.append(digest)
        return Verdict.KNOWN if key == self._since_key and digest() in self.boundary else Verdict.NEW

    def name_records(self) -> None:
        """Ask for the digests still owed. To be called at each page's end, as they keep its records in memory."""
        self.at_max.update(digest() for digest in self._unnamed)
        self._unnamed.clear()

    def paused(self, position: PageState, last_page: str) -> Watermark:
        """The watermark of a batch that ends before the window does.

        Args:
            position: of the next page, with the paging kind.
            last_page: hash of the last page read, so that a repeat is seen after a resumption too.
        """
        self.name_records()
        return {
            "since": self.since,
            "boundary": sorted(self.boundary),
            "seen_max": self.seen_max,
            "resume": {
                "position": dict(position),
                "last_page": last_page,
                "until": self.until,
                "low": self.low,
                "at_max": sorted(self.at_max),
                "undated": sorted(self.undated),
            },
        }

    def complete(self) -> Watermark:
        """The watermark of the window's last batch: where the next window starts."""
        self.name_records()
        since, boundary = self.since, set(self.boundary)
        if self._max_key is not None and self._max_key != self._since_key:
            since, boundary = self.seen_max, set(self.at_max)
        elif self._max_key is not None:
            boundary |= self.at_max
        return {"since": since, "boundary": sorted(boundary | self.undated), "seen_max": since, "resume": None}

    @classmethod
    def after(cls, kind: CursorType, watermark: Watermark | None, until: str | None, low: str | None = None) -> Window:
        """A new window from where `watermark` ends; an unfinished window in it is begun anew."""
        if watermark is None:
            return cls(kind, until=until, low=low)
        return cls(kind, watermark["since"], frozenset(watermark["boundary"]), until, low)

    @classmethod
    def resumed(cls, kind: CursorType, watermark: Watermark) -> Window:
        """The unfinished window of `watermark`, to be read on from its position."""
        resume: Mapping[str, Any] = watermark["resume"]
        return cls(
            kind,
            watermark["since"],
            frozenset(watermark["boundary"]),
            resume["until"],
            resume.get("low"),
            watermark["seen_max"],
            set(resume["at_max"]),
            set(resume["undated"]),
        )


def _bound(kind: CursorType, value: str | None) -> OrderKey | None:
    if value is None:
        return None
    key = kind.key(value)
    if key is None:
        raise ConfigurationInvalid(
            f"the watermark in raw is not a {kind.value}",
            advice="Set API_CURSOR_TYPE back to what it was when the newest batch was published.",
        )
    return key

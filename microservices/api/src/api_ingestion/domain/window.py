"""A window: one frozen pass over what changed in the source, from which each record is taken exactly once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
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
    Nor beyond `began`: a record of a page that was read early may change while later ones are read, and one of those
    may be newer than that change.
    An API's `updated_since` may be inclusive, so records at exactly `since` are recognised by their digests.
    So are records with no usable cursor value, which no `since` can exclude.

    Attributes:
        since: lower bound, as the API wrote it; None takes everything.
        low: lower bound sent to the API where it is not `since`, as in a row of time windows.
        boundary: digests of the records already taken at `since` or after it, and of those without a usable cursor
            value.
        known_to: highest cursor value of the boundary, as the API wrote it; `since` if None.
        until: upper bound sent to the API, None if it takes none.
        began: a moment before the first page was asked for, by the API's clock too; None where cursor values are no
            moments. `until` is of our clock, so it alone freezes no window.
        seen_max: highest cursor value of this window so far that is not after `began`, as the API wrote it.
        at_max: digests of the records at `seen_max`.
        late_max: the same as `seen_max` of those after `began`.
        late: digests of the records after `began`.
        undated: digests of this window's records without a usable cursor value.
    """

    kind: CursorType
    since: str | None = None
    boundary: frozenset[str] = frozenset()
    until: str | None = None
    low: str | None = None
    known_to: str | None = None
    began: str | None = None
    seen_max: str | None = None
    at_max: set[str] = field(default_factory=set)
    late_max: str | None = None
    late: set[str] = field(default_factory=set)
    undated: set[str] = field(default_factory=set)
    _unnamed: list[Callable[[], str]] = field(init=False, default_factory=list)
    _unnamed_late: list[Callable[[], str]] = field(init=False, default_factory=list)
    _since_key: OrderKey | None = field(init=False)
    _until_key: OrderKey | None = field(init=False)
    _known_key: OrderKey | None = field(init=False)
    _began_key: OrderKey | None = field(init=False)
    _max_key: OrderKey | None = field(init=False)
    _late_key: OrderKey | None = field(init=False)

    def __post_init__(self) -> None:
        self._since_key = _bound(self.kind, self.since)
        self._until_key = _bound(self.kind, self.until)
        self._known_key = _bound(self.kind, self.known_to or self.since)
        self._began_key = _bound(self.kind, self.began)
        self._max_key = _bound(self.kind, self.seen_max)
        self._late_key = _bound(self.kind, self.late_max)

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
        if self._began_key is not None and key > self._began_key:
            self._note_late(cursor, key, digest)
        elif self._max_key is None or key > self._max_key:
            self.seen_max, self._max_key = cursor, key
            self.at_max.clear()
            self._unnamed[:] = (digest,)
        elif key == self._max_key:
            self._unnamed.append(digest)
        may_be_known = self._known_key is not None and key <= self._known_key
        return Verdict.KNOWN if may_be_known and digest() in self.boundary else Verdict.NEW

    def _note_late(self, cursor: str | None, key: OrderKey, digest: Callable[[], str]) -> None:
        if self._late_key is None or key > self._late_key:
            self.late_max, self._late_key = cursor, key
        self._unnamed_late.append(digest)

    def name_records(self) -> None:
        """Ask for the digests still owed. To be called at each page's end, as they keep its records in memory."""
        self.at_max.update(digest() for digest in self._unnamed)
        self._unnamed.clear()
        self.late.update(digest() for digest in self._unnamed_late)
        self._unnamed_late.clear()

    @property
    def newest(self) -> str | None:
        """The highest cursor value so far, as the API wrote it, or that of the windows before; None if none had one."""
        found = [(key, text) for key, text in self._highest() if key is not None]
        return max(found, key=itemgetter(0))[1] if found else None

    @property
    def settled(self) -> str | None:
        """Up to here no record of the window can have changed while it was read; None if it has no upper bound."""
        return self.began if _lies_before(self._began_key, self._until_key) else self.until

    def _highest(self) -> tuple[tuple[OrderKey | None, str | None], ...]:
        known = (self._known_key, self.known_to or self.since)
        return known, (self._max_key, self.seen_max), (self._late_key, self.late_max)

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
            "newest": self.newest,
            "resume": {
                "position": dict(position),
                "last_page": last_page,
                "until": self.until,
                "low": self.low,
                "known_to": self.known_to,
                "began": self.began,
                "at_max": sorted(self.at_max),
                "late_max": self.late_max,
                "late": sorted(self.late),
                "undated": sorted(self.undated),
            },
        }

    def complete(self) -> Watermark:
        """The watermark of the window's last batch: where the next window starts."""
        self.name_records()
        since, boundary = self.since, self.at_max | self.late | self.undated
        moves = self._max_key is not None and self._max_key != self._since_key
        if moves:
            since = self.seen_max
        if not moves or (self._until_key is not None and not _lies_before(self._known_key, self._until_key)):
            # what is known at the window's end or after it is for the next window of the row
            boundary |= self.boundary
        return {"since": since, "boundary": sorted(boundary), "seen_max": since, "newest": self.newest, "resume": None}

    @classmethod
    def after(
        cls,
        kind: CursorType,
        watermark: Watermark | None,
        until: str | None,
        low: str | None = None,
        began: str | None = None,
    ) -> Window:
        """A new window from where `watermark` ends; an unfinished window in it is begun anew."""
        if watermark is None:
            return cls(kind, until=until, low=low, began=began)
        resume: Mapping[str, Any] = watermark["resume"] or {"known_to": watermark.get("newest")}
        boundary = frozenset(watermark["boundary"])
        return cls(kind, watermark["since"], boundary, until, low, resume.get("known_to"), began)

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
            resume.get("known_to"),
            resume.get("began"),
            watermark["seen_max"],
            set(resume["at_max"]),
            resume.get("late_max"),
            set(resume.get("late", [])),
            set(resume["undated"]),
        )


def _lies_before(one: OrderKey | None, other: OrderKey | None) -> bool:
    return one is not None and other is not None and one < other


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

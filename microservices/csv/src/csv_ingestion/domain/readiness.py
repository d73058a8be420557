"""When a file in the inbox is whole: the rules, the same wherever the inbox lies."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

#: Names that transfer tools and editors give to files that are not finished.
_UNFINISHED_PREFIXES = (".", "~")
_UNFINISHED_SUFFIXES = (".tmp", ".part", ".filepart", ".crdownload")


class Completion(StrEnum):
    """How a sender says that a file is whole; the value of markers is the ending of the marker's name."""

    STABLE = "stable"
    DONE = "done"
    SHA256 = "sha256"


_MARKER_SUFFIXES = (f".{Completion.DONE.value}", f".{Completion.SHA256.value}")


@dataclass(frozen=True, slots=True)
class Look:
    """A file as one look at the inbox shows it; any write or replacement makes another.

    Attributes:
        name: within the inbox.
        size: bytes.
        version: what else changes with the file: inode and modification time, or the ETag.
        modified: seconds since 1970, as the sender may have set it: for the order only.
        changed: seconds since 1970 by the storage's own clock, which no sender sets.
    """

    name: str
    size: int
    version: str
    modified: float
    changed: float

    @property
    def content(self) -> tuple[int, float]:
        """What changes with the content alone; a renaming may give another `changed`, on some systems a new inode."""
        return self.size, self.modified


@dataclass(frozen=True, slots=True)
class Readiness:
    """What makes a file ready to be claimed.

    Attributes:
        completion: two looks that see it unchanged and a minimum age, or a marker beside it.
        min_age_seconds: without marker, a file younger than this is left for a later run.
        look_seconds: how far apart the two looks are; 0 for one look.
    """

    completion: Completion = Completion.STABLE
    min_age_seconds: float = 0
    look_seconds: float = 0

    @property
    def pause(self) -> float:
        """Seconds between the two looks, 0 if one is enough."""
        return self.look_seconds if self.completion is Completion.STABLE else 0

    def marker_of(self, name: str) -> str | None:
        """The name of the marker that belongs to a file, None if none is asked for."""
        return None if self.completion is Completion.STABLE else f"{name}.{self.completion.value}"

    def ready(self, first: Collection[Look], second: Collection[Look], now: float) -> list[Look]:
        """The files to claim, oldest first.

        Args:
            first, second: all that two looks saw, `pause` apart; the same ones if there is no pause.
            now: seconds since 1970 by the storage's clock, when the second look began.
        """
        names = {look.name for look in second}
        unchanged = set(first) & set(second)
        found = [look for look in unchanged if is_candidate(look.name) and self._whole(look, names, now)]
        return sorted(found, key=lambda look: (look.modified, look.name))

    def _whole(self, look: Look, names: Collection[str], now: float) -> bool:
        marker = self.marker_of(look.name)
        if marker:
            return marker in names
        return not self.min_age_seconds or now - look.changed >= self.min_age_seconds


def is_candidate(name: str) -> bool:
    """True unless the name is that of an unfinished file or of a marker."""
    ending = name.lower()
    return not name.startswith(_UNFINISHED_PREFIXES) and not ending.endswith(_UNFINISHED_SUFFIXES + _MARKER_SUFFIXES)


def checksum_in(marker: bytes) -> str:
    """The hash in a marker as sha256sum writes it (`<hex>  <name>`) or alone; in lower case, empty if there is none."""
    words = marker.decode("ascii", "replace").split(maxsplit=1)
    return words[0].lower().lstrip("\\") if words else ""

"""Port: where senders drop files. One adapter for a directory, one for a container; one contract suite for both.

Layout, below the inbox itself: `processing/<claim>/` (taken, by one process), `archive/yyyy/mm/dd/` (published; the
day is UTC's), `archive/duplicate/yyyy/mm/dd/` (published before), `rejected/<key>/` (reason.json and the file, or
rows.csv).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.ports.rejected_rows import RejectedRowsDraft

PROCESSING, ARCHIVE, DUPLICATE, REJECTED = "processing", "archive", "archive/duplicate", "rejected"
FOLDERS = (PROCESSING, ARCHIVE, REJECTED)
ROWS_FILE, REASON_FILE = "rows.csv", "reason.json"


class ClaimedFile(Protocol):
    """A file that is this process's alone. Every method raises SourceUnavailable or SourceAccessDenied.

    Attributes:
        name: as it was in the inbox, made safe to write down.
        size: bytes; 0 before `open`.
        key: sha256 of the content, in hex; before `open`, `unread-` and a hash of the place.
    """

    name: str
    size: int
    key: str

    def open(self, max_bytes: int, watch: Callable[[bytes], None]) -> BinaryIO:
        """The file's bytes, seekable; reads them once to set `key`, and shows every chunk to `watch`.

        Raises:
            FileRejected: no regular file; empty; larger than `max_bytes`; not readable; not what its marker says.
        """

    def refuse_if_changed(self) -> None:
        """Raise FileRejected if somebody wrote to the file since `open`."""

    def mark_extracted(self) -> None:
        """Remember that the file was read to the end, so that all that is left is to publish it."""

    def archive(self, *, duplicate: bool) -> None:
        """Move the file to `archive/`; never overwrites.

        A duplicate that a crashed process had read to the end was published by that process: it is no duplicate.
        """

    def rejected_rows(self) -> RejectedRowsDraft:
        """Where rows of this file go that are set aside; named by `key`, so that a second try replaces them."""

    def reject(self, reason: FileRejected) -> None:
        """Move the file to `rejected/<key>/`, with reason.json beside it."""


@dataclass(frozen=True, slots=True)
class Purged:
    """How many files were removed, by where they lay."""

    archived: int = 0
    rejected: int = 0


class Inbox(Protocol):
    """Where files are claimed from. Every method raises SourceUnavailable or SourceAccessDenied."""

    def check(self) -> None:
        """Return if files could be claimed now."""

    def claims(self) -> Generator[ClaimedFile, None, None]:
        """Claim file by file: first what dead processes left, then what is ready in the inbox, oldest first.

        Close the iterator to give the claims up; what was not settled then is reclaimed by a later run.
        """

    def purge(self) -> Purged:
        """Remove what has outlived its retention."""

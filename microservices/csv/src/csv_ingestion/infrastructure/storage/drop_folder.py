"""The drop folder: which files are ready, and in what order they are claimed."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from csv_ingestion.infrastructure.storage.claimed_file import ClaimedFile
from csv_ingestion.infrastructure.storage.claims import ClaimFolder, orphans
from csv_ingestion.infrastructure.storage.source_errors import source_errors

#: Names that transfer tools and editors give to files that are not finished.
_UNFINISHED_PREFIXES = (".", "~")
_UNFINISHED_SUFFIXES = (".tmp", ".part", ".filepart", ".crdownload")
_FOLDERS = ("processing", "archive", "rejected")


@dataclass(frozen=True, slots=True)
class _Look:
    """A file as one look at the inbox shows it; any write or replacement makes another."""

    modified_ns: int
    name: str
    size: int
    inode: int


class DropFolder:
    """The input directory: files lie at its top, `processing/`, `archive/` and `rejected/` below.

    Args:
        root: the directory; one file system, since files are claimed by rename.
        min_age_seconds: a file is taken once two looks, this far apart, see it unchanged. No clock is compared, so a
            sender's wrong modification time neither hurries nor blocks a file. 0 takes what is there.
        sleep: waits so many seconds.
    """

    def __init__(self, root: Path, min_age_seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._root = root
        self._min_age = min_age_seconds
        self._sleep = sleep

    def check(self) -> None:
        """Raise SourceUnavailable or SourceAccessDenied if files could not be claimed now."""
        with source_errors("use the input directory"):
            self._prepare()
            probe = self._root / f".probe-{uuid.uuid4().hex}"
            probe.touch()
            for folder in _FOLDERS:  # rename(2) between two file systems fails with EXDEV
                probe = probe.rename(self._root / folder / probe.name)
            probe.unlink()

    def claims(self) -> Generator[ClaimedFile, None, None]:
        """Claim file by file: first what dead processes left, then what is ready in the inbox, oldest first.

        Close the iterator to give the claims up; what was not settled then is reclaimed by the next run.

        Raises:
            SourceUnavailable, SourceAccessDenied: the directory cannot be used.
        """
        with source_errors("claim files of the input directory"):
            self._prepare()
            for claim in orphans(self._root / "processing"):
                with claim:
                    for name in claim.files():
                        yield ClaimedFile(claim, name, self._root, reclaimed=True)
            with closing(self._claim_ready()) as ready:
                yield from ready

    def _claim_ready(self) -> Generator[ClaimedFile, None, None]:
        names = self._ready()
        if not names:
            return
        with ClaimFolder.create(self._root / "processing") as claim:
            for name in names:
                if claim.take(self._root / name):
                    yield ClaimedFile(claim, name, self._root, reclaimed=False)

    def _prepare(self) -> None:
        for folder in _FOLDERS:
            (self._root / folder).mkdir(exist_ok=True)

    def _ready(self) -> list[str]:
        looks = self._look()
        if looks and self._min_age > 0:
            self._sleep(self._min_age)
            looks &= self._look()
        return [look.name for look in sorted(looks, key=lambda look: (look.modified_ns, look.name))]

    def _look(self) -> set[_Look]:
        looks = set()
        with os.scandir(self._root) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith(_UNFINISHED_PREFIXES) or name.lower().endswith(_UNFINISHED_SUFFIXES):
                    continue
                try:
                    if entry.is_file(follow_symlinks=False):  # a link could lead out of the directory
                        facts = entry.stat(follow_symlinks=False)
                        looks.add(_Look(facts.st_mtime_ns, name, facts.st_size, facts.st_ino))
                except FileNotFoundError:  # claimed by another process meanwhile
                    continue
        return looks

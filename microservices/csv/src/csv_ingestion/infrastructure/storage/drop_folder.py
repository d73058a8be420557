"""`Inbox` as a directory: files are claimed by rename, each claim held by a lock that dies with its process."""

from __future__ import annotations

import os
import stat
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

from csv_ingestion.domain.ports.inbox import FOLDERS, PROCESSING, Purged
from csv_ingestion.domain.readiness import Look, Readiness
from csv_ingestion.domain.retention import Retention
from csv_ingestion.infrastructure.storage.claimed_file import ClaimedPath
from csv_ingestion.infrastructure.storage.claims import ClaimFolder, orphans
from csv_ingestion.infrastructure.storage.purge import purge_folders
from csv_ingestion.infrastructure.storage.source_errors import source_errors


class DropFolder:
    """The input directory: files lie at its top; see the port for what is below.

    Args:
        root: the directory; one file system, since files are claimed by rename.
        readiness: when a file is whole.
        retention: how long files are kept afterwards.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        root: Path,
        readiness: Readiness,
        retention: Retention = Retention(),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._root = root
        self._readiness = readiness
        self._retention = retention
        self._sleep = sleep

    def check(self) -> None:
        """See `Inbox`."""
        with source_errors("use the input directory"):
            self._prepare()
            probe = self._root / f".probe-{uuid.uuid4().hex}"
            probe.touch()
            for folder in FOLDERS:  # rename(2) between two file systems fails with EXDEV
                probe = probe.rename(self._root / folder / probe.name)
            probe.unlink()

    def claims(self) -> Generator[ClaimedPath, None, None]:
        """See `Inbox`."""
        with source_errors("claim files of the input directory"):
            self._prepare()
            for claim in orphans(self._root / PROCESSING):
                with claim:
                    for name in claim.files():
                        yield self._claimed(claim, name, reclaimed=True)
            with closing(self._claim_ready()) as ready:
                yield from ready

    def purge(self) -> Purged:
        """See `Inbox`."""
        if self._retention == Retention():
            return Purged()
        with source_errors("remove files that have outlived their retention"):
            self._prepare()
            return purge_folders(self._root, self._retention, self._disk_now())

    def _claim_ready(self) -> Generator[ClaimedPath, None, None]:
        names = self._ready()
        if not names:
            return
        with ClaimFolder.create(self._root / PROCESSING) as claim:
            for name in names:
                if claim.take(self._root / name):
                    yield self._claimed(claim, name, reclaimed=False)

    def _claimed(self, claim: ClaimFolder, name: str, reclaimed: bool) -> ClaimedPath:
        marker = self._readiness.marker_of(name)
        if marker:
            claim.take_marker(self._root / marker)
        return ClaimedPath(claim, name, self._root, self._readiness.completion, reclaimed)

    def _prepare(self) -> None:
        for folder in FOLDERS:
            (self._root / folder).mkdir(exist_ok=True)

    def _ready(self) -> list[str]:
        first = second = self._look()
        now = self._disk_now()
        if first and self._readiness.pause > 0:
            self._sleep(self._readiness.pause)
            now = self._disk_now()
            second = self._look()
        return [look.name for look in self._readiness.ready(first, second, now)]

    def _disk_now(self) -> float:
        """The time by the clock that the file system stamps changes with; over a network it is not this machine's."""
        for left in (self._root / PROCESSING).glob(".clock-*"):
            left.unlink(missing_ok=True)  # a dead process's; a living one holds its own open
        probe = self._root / PROCESSING / f".clock-{uuid.uuid4().hex}"
        try:
            with probe.open("xb") as file:
                return os.fstat(file.fileno()).st_ctime
        finally:
            probe.unlink(missing_ok=True)

    def _look(self) -> set[Look]:
        looks = set()
        with os.scandir(self._root) as entries:
            for entry in entries:
                try:
                    facts = entry.stat(follow_symlinks=False)
                except FileNotFoundError:  # claimed by another process meanwhile
                    continue
                if stat.S_ISREG(facts.st_mode):  # a link could lead out of the directory
                    version = f"{facts.st_ino}-{facts.st_mtime_ns}"
                    looks.add(Look(entry.name, facts.st_size, version, facts.st_mtime, facts.st_ctime))
        return looks

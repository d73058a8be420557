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
from csv_ingestion.infrastructure.storage.claimed_file import ClaimedPath, look_of
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
                        yield self._claimed(claim, name, None)
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
        looks = self._ready()
        if not looks:
            return
        with ClaimFolder.create(self._root / PROCESSING) as claim:
            for look in looks:
                # one by one, so a file's turn may come long after the look; what was replaced meanwhile may be half
                if self._look_at(look.name) == look and claim.take(self._root / look.name):
                    yield self._claimed(claim, look.name, look)

    def _claimed(self, claim: ClaimFolder, name: str, look: Look | None) -> ClaimedPath:
        marker = self._readiness.marker_of(name)
        if marker:
            claim.take_marker(self._root / marker)
        return ClaimedPath(claim, name, self._root, self._readiness.completion, look)

    def _prepare(self) -> None:
        for folder in FOLDERS:
            (self._root / folder).mkdir(exist_ok=True)

    def _ready(self) -> list[Look]:
        first = second = self._look()
        now = self._disk_now()
        if first and self._readiness.pause > 0:
            self._sleep(self._readiness.pause)
            now = self._disk_now()
            second = self._look()
        return self._readiness.ready(first, second, now)

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
        looks = (self._look_at(name) for name in os.listdir(self._root))
        return {look for look in looks if look}

    def _look_at(self, name: str) -> Look | None:
        """None if it is no regular file: a link could lead out of the directory."""
        try:
            facts = os.lstat(self._root / name)
        except FileNotFoundError:  # claimed by another process meanwhile
            return None
        return look_of(name, facts) if stat.S_ISREG(facts.st_mode) else None

"""`Inbox` as a container of ADLS Gen2: files are claimed by conditional rename, read by ranges, archived by rename."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from datetime import UTC, datetime

from csv_ingestion.domain.ports.inbox import ARCHIVE, DUPLICATE, PROCESSING, REJECTED, Purged
from csv_ingestion.domain.readiness import Look, Readiness
from csv_ingestion.domain.retention import Retention
from csv_ingestion.infrastructure.storage.claimed_blob import ClaimedBlob
from csv_ingestion.infrastructure.storage.container_claims import ContainerClaim, Lease, new_folder, orphans
from csv_ingestion.infrastructure.storage.container_paths import ContainerPaths, Found, Renamed


class ContainerInbox:
    """The inbox: files lie at its top; see the port for what is below.

    Args:
        paths: the container.
        readiness: when a file is whole.
        retention: how long files are kept afterwards.
        lease: a claim without a sign of life for so long is taken up by others.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        paths: ContainerPaths,
        readiness: Readiness,
        retention: Retention,
        lease: Lease,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._paths = paths
        self._readiness = readiness
        self._retention = retention
        self._lease = lease
        self._sleep = sleep

    def check(self) -> None:
        """See `Inbox`."""
        probe, moved = f".probe-{uuid.uuid4().hex}", f"{PROCESSING}/.probe-{uuid.uuid4().hex}"
        self._paths.touch(probe)
        self._paths.make_folder(PROCESSING)
        self._paths.rename(probe, moved)
        self._paths.delete(moved)

    def claims(self) -> Generator[ClaimedBlob, None, None]:
        """See `Inbox`."""
        for claim in orphans(self._paths, self._lease, self._paths.now()):
            with claim:
                for file in claim.files():
                    yield self._claimed(claim, file.path.rpartition("/")[2], file.size, file.etag, reclaimed=True)
        with closing(self._claim_ready()) as ready:
            yield from ready

    def purge(self) -> Purged:
        """See `Inbox`."""
        archived = rejected = 0
        if self._retention.archive_days is not None:
            today = datetime.fromtimestamp(self._paths.now(), UTC).date()
            for base in (ARCHIVE, DUPLICATE):
                for day in self._days(base):
                    if self._retention.day_expired(day.removeprefix(f"{base}/"), today):
                        archived += self._remove(day)
        if self._retention.rejected_days is not None:
            now = self._paths.now()
            for folder in self._folders(REJECTED):
                newest = max(file.modified for file in [folder, *self._paths.list(folder.path, recursive=True)])
                if self._retention.rejected_expired(newest, now):
                    rejected += self._remove(folder.path)
        return Purged(archived, rejected)

    def _claim_ready(self) -> Generator[ClaimedBlob, None, None]:
        looks = self._ready()
        if not looks:
            return
        with ContainerClaim(self._paths, new_folder(), self._lease) as claim:
            for look in looks:
                claim.keep_alive()
                moved = self._paths.rename(look.name, f"{claim.folder}/{look.name}", etag=look.version)
                if moved is Renamed.DONE:  # else another process was faster, or the file has just been replaced
                    yield self._claimed(claim, look.name, look.size, look.version, reclaimed=False)

    def _claimed(self, claim: ContainerClaim, name: str, size: int, etag: str, reclaimed: bool) -> ClaimedBlob:
        file = ClaimedBlob(self._paths, claim, name, size, etag, self._readiness.completion, reclaimed)
        marker = self._readiness.marker_of(name)
        if marker:
            self._paths.rename(marker, file.marker, overwrite=True)
        return file

    def _ready(self) -> list[Look]:
        first = second = self._look()
        now = self._paths.now() if first else 0
        if first and self._readiness.pause > 0:
            self._sleep(self._readiness.pause)
            now = self._paths.now()
            second = self._look()
        return self._readiness.ready(first, second, now)

    def _look(self) -> set[Look]:
        files = (found for found in self._paths.list() if not found.folder)
        return {Look(file.path, file.size, file.etag, file.modified, file.modified) for file in files}

    def _folders(self, base: str) -> list[Found]:
        return [found for found in self._paths.list(base) if found.folder]

    def _days(self, base: str) -> Iterator[str]:
        for year in self._folders(base):
            for month in self._folders(year.path):
                yield from (day.path for day in self._folders(month.path))

    def _remove(self, folder: str) -> int:
        count = sum(not found.folder for found in self._paths.list(folder, recursive=True))
        return count if self._paths.delete(folder, folder=True) else 0

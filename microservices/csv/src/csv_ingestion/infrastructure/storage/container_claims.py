"""Claims in a container: a folder below `processing/` with a sign of life in it, as no lock dies with a process there.

Whoever holds a claim renews its `.alive` file while it reads. A claim whose sign is older than the lease is taken up by
renaming the folder, which one process alone can do. A holder that was only slow loses nothing by it: batches are keyed
by content, so the second one to publish finds the batch there, and files are moved by rename, which one of them can do.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from ingestion_kernel.domain.exceptions import IngestionError

from csv_ingestion.domain.ports.inbox import PROCESSING
from csv_ingestion.infrastructure.storage.container_paths import ContainerPaths, Found, Renamed

_ALIVE = ".alive"


@dataclass(frozen=True, slots=True)
class Lease:
    """How old a sign of life may be, in seconds, and a clock of seconds that only grow."""

    seconds: float
    clock: Callable[[], float] = time.monotonic


class ContainerClaim:
    """A claim of this process; as a context manager it gives up what is left, for the next run to take up at once.

    Args:
        paths: the inbox.
        folder: below `processing/`.
        lease: how old a sign of life may be.
    """

    def __init__(self, paths: ContainerPaths, folder: str, lease: Lease) -> None:
        self._paths = paths
        self.folder = folder
        self._lease = lease
        self._renewed = lease.clock()
        paths.touch(f"{folder}/{_ALIVE}")  # makes the folder too: nobody sees it without the sign

    def keep_alive(self) -> None:
        """Renew the sign of life if it is time to; to be called often."""
        now = self._lease.clock()
        if now - self._renewed > self._lease.seconds / 4:
            self._renewed = now
            self._paths.touch(f"{self.folder}/{_ALIVE}")

    def files(self) -> list[Found]:
        """The claimed files; hidden names are this claim's own drafts and marks."""
        found = self._paths.list(self.folder)
        return [file for file in found if not file.folder and not _name(file).startswith(".")]

    def __enter__(self) -> ContainerClaim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(IngestionError):  # it must not hide what went wrong before; the lease runs out by itself
            if self.files():
                self._paths.delete(f"{self.folder}/{_ALIVE}")
            else:
                self._paths.delete(self.folder, folder=True)


def new_folder() -> str:
    """A folder for a claim that nobody else has."""
    return f"{PROCESSING}/{uuid.uuid4().hex}"


def orphans(paths: ContainerPaths, lease: Lease, now: float) -> Iterator[ContainerClaim]:
    """The claims whose holders are dead, each to be used as a context manager; `now` by the service's clock."""
    signs: dict[str, list[float]] = defaultdict(list)
    for found in paths.list(PROCESSING, recursive=True):
        claim, _, name = found.path.removeprefix(f"{PROCESSING}/").partition("/")
        if found.folder and not name:
            signs[claim] += []
        elif name == _ALIVE:
            signs[claim].append(found.modified)
    for claim, seen in sorted(signs.items()):
        if not claim.startswith(".") and all(now - at > lease.seconds for at in seen):
            folder = new_folder()
            if paths.rename(f"{PROCESSING}/{claim}", folder) is Renamed.DONE:
                yield ContainerClaim(paths, folder, lease)


def _name(found: Found) -> str:
    return found.path.rpartition("/")[2]

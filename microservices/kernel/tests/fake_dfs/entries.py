"""What an account holds: containers, and in them files and directories by path."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate

from fake_dfs.leases import Lease
from fake_dfs.messages import Call, Refused


class HandClock:
    """Stands still until a test moves it. Seconds since 1970."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass
class Entry:
    """A file or a directory. `pending` holds appended, not yet flushed bytes by position."""

    directory: bool
    etag: str
    modified: float
    blocks: list[bytes] = field(default_factory=list)
    pending: dict[int, bytes] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/octet-stream"
    content_md5: str = ""
    made_by_blob_api: bool = False
    lease: Lease = field(default_factory=Lease)

    @property
    def size(self) -> int:
        """Bytes that readers see."""
        return sum(map(len, self.blocks))

    @property
    def data(self) -> bytes:
        """What readers see."""
        return b"".join(self.blocks)

    @property
    def headers(self) -> dict[str, str]:
        """ETag and Last-Modified."""
        return {"ETag": self.etag, "Last-Modified": formatdate(self.modified, usegmt=True)}


Paths = dict[str, Entry]


class Account:
    """One storage account; outlives the server that serves it, so that a server can be stopped and started again."""

    def __init__(self, clock: Callable[[], float] = time.time, containers: tuple[str, ...] = ("raw",)) -> None:
        self.clock = clock
        self.lock = threading.Lock()
        self.containers: dict[str, Paths] = {name: {} for name in containers}
        self.page_size = 5000
        #: Which of two errors a repeated rename meets is not documented: both are tried.
        self.rename_looks_at_source_first = False
        self._versions = 0

    def new_etag(self) -> str:
        """Never the same twice."""
        self._versions += 1
        return f'"0x{self._versions:X}"'

    def new_entry(self, directory: bool) -> Entry:
        """An empty file or directory of now."""
        return Entry(directory, self.new_etag(), self.clock())

    def touch(self, entry: Entry) -> None:
        """The entry has changed: a new ETag and time."""
        entry.etag, entry.modified = self.new_etag(), self.clock()

    def paths(self, call: Call) -> Paths:
        """The entries of the call's container."""
        if call.container not in self.containers:
            raise Refused(404, "FilesystemNotFound" if call.is_dfs else "ContainerNotFound")
        return self.containers[call.container]


def check_conditions(entry: Entry | None, call: Call, exists_code: str) -> None:
    """If-None-Match: * and If-Match (RFC 9110) on the target of a write; `exists_code` is what the 409 is called."""
    if call.headers.get("If-None-Match") == "*" and entry is not None:
        raise Refused(409, exists_code)
    wanted = call.headers.get("If-Match")
    if wanted and (entry is None or wanted not in ("*", entry.etag)):
        raise Refused(412, "ConditionNotMet")


def below(paths: Paths, folder: str) -> list[str]:
    """All paths under a directory, sorted."""
    return sorted(path for path in paths if path.startswith(f"{folder}/" if folder else ""))

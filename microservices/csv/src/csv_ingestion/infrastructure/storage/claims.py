"""Claims: a file is taken by renaming it into a directory that only one living process holds."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

_LOCK = ".lock"
_EXTRACTED = ".extracted"
_MARKER = ".marker"


class ClaimFolder:
    """A directory below `processing/`, held by flock(2): the kernel drops the lock with the process, however it dies.

    One file is claimed at a time, so that replicas share the inbox. Raises OSError where the disk does.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def create(cls, processing: Path) -> ClaimFolder:
        """A new directory, held by this process from before anyone else looks into it for files."""
        while True:
            name = uuid.uuid4().hex
            hidden = processing / f".{name}"
            hidden.mkdir()
            try:
                lock = _try_lock(hidden)
                if lock is not None:
                    return cls(hidden.rename(processing / name), lock)
            except FileNotFoundError:  # taken for a dead process's and removed, before we held it: make another
                pass

    @classmethod
    def adopt(cls, path: Path) -> ClaimFolder | None:
        """The directory that a dead process left; None if its process lives or another one adopted it."""
        try:
            lock = _try_lock(path)
        except FileNotFoundError:
            return None
        return None if lock is None else cls(path, lock)

    def files(self) -> list[str]:
        """Names of the claimed files; hidden names are this claim's own drafts and marks."""
        try:
            return sorted(name for name in os.listdir(self.path) if not name.startswith("."))
        except FileNotFoundError:  # another process had finished it before we locked what it had unlinked
            return []

    def take(self, file: Path) -> bool:
        """Move `file` here; False if another process was faster."""
        return _renamed(file, self.path / file.name)

    @property
    def marker(self) -> Path:
        """Where the claimed file's marker lies, if it has one."""
        return self.path / _MARKER

    def take_marker(self, marker: Path) -> None:
        """Move the claimed file's marker here. A process that died between the two moves left it in the inbox."""
        _renamed(marker, self.marker)

    def mark_extracted(self, key: str) -> None:
        """Remember that the file of this key was read to the end, so that all that was left was to publish it."""
        (self.path / _EXTRACTED).write_text(key, encoding="ascii")

    def was_extracted(self, key: str) -> bool:
        """True if the process that died had read the file of this key to the end."""
        try:
            return (self.path / _EXTRACTED).read_text(encoding="ascii") == key
        except FileNotFoundError:
            return False

    def __enter__(self) -> ClaimFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self.files():
                # Another process may be trying our lock and so hinder the removal; then it removes the rest itself.
                shutil.rmtree(self.path, ignore_errors=True)
        finally:
            os.close(self._lock)


def orphans(processing: Path) -> Iterator[ClaimFolder]:
    """The claims of dead processes, each to be used as a context manager.

    A hidden one, of a process that died while it made it, holds no file and is removed as it is left.
    """
    for entry in sorted(os.scandir(processing), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            claim = ClaimFolder.adopt(Path(entry.path))
            if claim:
                yield claim


def _renamed(source: Path, target: Path) -> bool:
    try:
        source.rename(target)
    except FileNotFoundError:
        return False
    return True


def _try_lock(folder: Path) -> int | None:
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock

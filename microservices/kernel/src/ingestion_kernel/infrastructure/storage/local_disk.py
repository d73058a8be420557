"""What a durable lake needs of a local disk: directories that survive a power cut, and errors of ours."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestion_kernel.domain.exceptions import LakeUnavailable

_FULL = (
    "Free space on the volume of RAW_URL, or raise the quota or size limit; nothing of this batch was published, and"
    " the next run takes it again."
)
_DENIED = "Give the user of this service the right to write below RAW_URL, and check that it is not mounted read-only."
_ADVICE = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: _DENIED,
}


def fsync_directory(path: Path) -> None:
    """Make the names in a directory durable: a file's own fsync does not (fsync(2))."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directories(path: Path) -> None:
    """Make a directory and its missing parents, each durable in its own parent."""
    missing = [path]
    while not missing[-1].parent.is_dir():
        missing.append(missing[-1].parent)
    for folder in reversed(missing):
        try:
            folder.mkdir()
        except FileExistsError:
            if not folder.is_dir():
                raise
            continue  # whoever made it has it synced, or syncs it now
        fsync_directory(folder.parent)


@contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Turns the system's errors into LakeUnavailable, which never tells a path."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LakeUnavailable(f"cannot {doing}: {reason}", advice=_ADVICE.get(error.errno or 0)) from error

"""Removes files of a drop folder that have outlived their retention. Links are removed, never followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from csv_ingestion.domain.ports.inbox import ARCHIVE, DUPLICATE, REJECTED, Purged
from csv_ingestion.domain.retention import Retention


def purge_folders(root: Path, retention: Retention, now: float) -> Purged:
    """Remove what has expired below `root`; `now` in seconds since 1970. Raises OSError."""
    today = datetime.fromtimestamp(now, UTC).date()
    archived = rejected = 0
    for base in (root / ARCHIVE, root / DUPLICATE):
        for day in _days(base):
            if retention.day_expired(str(day.relative_to(base)), today):
                archived += _remove(day)
    for folder in _folders(root / REJECTED):
        if retention.rejected_expired(_newest(folder), now):
            rejected += _remove(folder)
    return Purged(archived, rejected)


def _days(base: Path) -> Iterator[Path]:
    for year in _folders(base):
        for month in _folders(year):
            yield from _folders(month)


def _folders(base: Path) -> list[Path]:
    try:
        with os.scandir(base) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:  # removed by another process
        return []


def _newest(folder: Path) -> float:
    """When something was last put into a folder; the files' own times may be a sender's."""
    return max(path.lstat().st_ctime for path in (folder, *folder.iterdir()))


def _remove(folder: Path) -> int:
    """Remove a folder; how many files were in it. What another process removes at the same time it counts."""
    count = 0
    for below in _folders(folder):
        count += _remove(below)
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            with suppress(FileNotFoundError):
                path.unlink()
                count += 1
        folder.rmdir()
    return count

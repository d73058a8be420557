"""One claimed file: opened without following links, and moved to where it ends."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from datetime import UTC, datetime
from io import BufferedReader
from itertools import count
from pathlib import Path
from typing import Any

from csv_ingestion.application.helpers.names import safe_file_name
from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.reasons import FileReason
from csv_ingestion.infrastructure.storage.claims import ClaimFolder
from csv_ingestion.infrastructure.storage.rejected_rows import RejectedRowsFile
from csv_ingestion.infrastructure.storage.source_errors import source_errors

_KEY_PREFIX = 16


class ClaimedFile:
    """A file that is this process's alone.

    Args:
        folder: the claim it lies in.
        name: its name, as it was in the inbox.
        root: the input directory, with `archive/` and `rejected/` below.
        reclaimed: a process that died had claimed it before.
    """

    def __init__(self, folder: ClaimFolder, name: str, root: Path, reclaimed: bool) -> None:
        self._folder = folder
        self._path = folder.path / name
        self._root = root
        self._reclaimed = reclaimed
        self._stat: tuple[int, int] | None = None
        self.name = safe_file_name(name)
        self.size = 0
        #: What rejects are filed under: the content's hash, or, before it is known, the hash of the place.
        self.key = "unread-" + hashlib.sha256(os.fsencode(self._path)).hexdigest()[:32]

    def open(self, max_bytes: int) -> BufferedReader:
        """The file's bytes; sets `size` and, by reading it once, `key`.

        Raises:
            FileRejected: a link, pipe or device; empty; larger than `max_bytes`; not readable for this user.
            SourceUnavailable: the disk fails.
        """
        with source_errors("open a claimed file"):
            file = _open_regular(self._path)
            try:
                self._inspect(file, max_bytes)
            except BaseException:
                file.close()
                raise
            return file

    def refuse_if_changed(self, file: BufferedReader) -> None:
        """Raise FileRejected if somebody wrote to the file since `open`."""
        if _fingerprint(file) != self._stat:
            raise FileRejected(FileReason.CHANGED_WHILE_READ)

    def mark_extracted(self) -> None:
        """See `ClaimFolder.mark_extracted`."""
        with source_errors("mark a claim"):
            self._folder.mark_extracted(self.key)

    def archive(self, *, duplicate: bool) -> None:
        """Move the file to `archive/yyyy/mm/dd/` (UTC), or to `archive/duplicate/`. Never overwrites.

        A duplicate that a crashed process had read to the end was published by that process: it is no duplicate.
        """
        with source_errors("archive a file"):
            if duplicate and not (self._reclaimed and self._folder.was_extracted(self.key)):
                folder = self._root / "archive" / "duplicate"
            else:
                folder = self._root / "archive" / datetime.now(UTC).strftime("%Y/%m/%d")
            self._move(folder)

    def rejected_rows(self) -> RejectedRowsFile:
        """Where rows of this file go that are set aside; named by the content, so that a second try replaces them."""
        return RejectedRowsFile(self._folder.path / ".rows.csv", self._rejects / "rows.csv")

    def reject(self, reason: FileRejected) -> None:
        """Move the file to `rejected/<key>/`, with reason.json beside it."""
        draft = self._folder.path / ".reason.json"
        with source_errors("set a file aside"):
            self._rejects.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(self._explain(reason), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            draft.rename(self._rejects / "reason.json")
            (self._rejects / "rows.csv").unlink(missing_ok=True)  # of an earlier try under other settings
            self._move(self._rejects)

    @property
    def _rejects(self) -> Path:
        return self._root / "rejected" / self.key

    def _inspect(self, file: BufferedReader, max_bytes: int) -> None:
        self._stat = _fingerprint(file)
        self.size = self._stat[0]
        if self.size > max_bytes:
            raise FileRejected(FileReason.FILE_TOO_LARGE)
        self.key = hashlib.file_digest(file, "sha256").hexdigest()
        if not self.size:
            raise FileRejected(FileReason.EMPTY_FILE)

    def _explain(self, reason: FileRejected) -> dict[str, Any]:
        return {
            "code": reason.reason.value,
            "line": reason.line,
            "columns": list(reason.columns),
            "advice": reason.advice,
            "file": self.name,
            "size": self.size,
            "key": self.key,
            "rejected_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def _move(self, folder: Path) -> None:
        """Rename into `folder`, or into a numbered sub-folder where the name is taken."""
        owner = f"{self._folder.path.name}/{self._path.name}"
        for number in count():
            target = (folder / f"{self.key[:_KEY_PREFIX]}-{number}" if number else folder) / self._path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                # rename(2) overwrites silently: reserve the name first, then rename over what is ours. The
                # reservation is a link that names this claim: if we die here, the claim's next holder knows it.
                if stat.S_ISDIR(os.lstat(self._path).st_mode):
                    target.mkdir()
                else:
                    target.symlink_to(owner)
            except FileExistsError:
                if not target.is_symlink() or os.readlink(target) != owner:
                    continue
            self._path.rename(target)
            return


def _open_regular(path: Path) -> BufferedReader:
    try:
        # O_NONBLOCK: opening a pipe that somebody put in the place of the file must not wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError:  # of one file; a run must not stop at it for ever
        raise FileRejected(FileReason.NOT_READABLE) from None
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO):  # a link; a socket
            raise
        raise FileRejected(FileReason.NOT_A_REGULAR_FILE) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileRejected(FileReason.NOT_A_REGULAR_FILE)
    return os.fdopen(descriptor, "rb")


def _fingerprint(file: BufferedReader) -> tuple[int, int]:
    facts = os.fstat(file.fileno())
    return facts.st_size, facts.st_mtime_ns

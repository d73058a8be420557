"""One claimed file of a directory: opened without following links, and moved to where it ends."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader
from itertools import count
from pathlib import Path

from csv_ingestion.application.helpers.fingerprint import fingerprint
from csv_ingestion.application.helpers.names import safe_file_name
from csv_ingestion.application.helpers.reason_file import reason_json
from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.ports.inbox import ARCHIVE, DUPLICATE, REASON_FILE, REJECTED, ROWS_FILE
from csv_ingestion.domain.readiness import Completion, Look, checksum_in
from csv_ingestion.domain.reasons import FileReason
from csv_ingestion.domain.retention import day_folder, utc_now
from csv_ingestion.infrastructure.storage.claims import ClaimFolder
from csv_ingestion.infrastructure.storage.rejected_rows import RejectedRowsFile
from csv_ingestion.infrastructure.storage.source_errors import source_errors

_KEY_PREFIX = 16
_LONGEST_MARKER = 1024  # bytes


class ClaimedPath:
    """`ClaimedFile` in a claim's folder.

    Args:
        folder: the claim it lies in.
        name: its name, as it was in the inbox.
        root: the input directory, with `archive/` and `rejected/` below.
        completion: with `sha256` the marker must name the content.
        look: how it was seen when it was found to be whole; None if a process that died had claimed it before.
    """

    def __init__(self, folder: ClaimFolder, name: str, root: Path, completion: Completion, look: Look | None) -> None:
        self._folder = folder
        self._path = folder.path / name
        self._root = root
        self._completion = completion
        self._reclaimed = look is None
        self._content = look.content if look else None
        self._file: BufferedReader | None = None
        self.name = safe_file_name(name)
        self.size = 0
        self.key = "unread-" + hashlib.sha256(os.fsencode(self._path)).hexdigest()[:32]

    def open(self, max_bytes: int, watch: Callable[[bytes], None]) -> BufferedReader:
        """See `ClaimedFile`."""
        with source_errors("open a claimed file"):
            file = _open_regular(self._path)
            try:
                self._inspect(file, max_bytes, watch)
            except BaseException:
                file.close()
                raise
            self._file = file
            return file

    def refuse_if_changed(self) -> None:
        """See `ClaimedFile`."""
        if self._file is None or self._look_through(self._file).content != self._content:
            raise FileRejected(FileReason.CHANGED_WHILE_READ)

    def mark_extracted(self) -> None:
        """See `ClaimedFile`."""
        with source_errors("mark a claim"):
            self._folder.mark_extracted(self.key)

    def archive(self, *, duplicate: bool) -> None:
        """See `ClaimedFile`."""
        with source_errors("archive a file"):
            again = duplicate and not (self._reclaimed and self._folder.was_extracted(self.key))
            self._move(self._root / (DUPLICATE if again else ARCHIVE) / day_folder(utc_now()))

    def rejected_rows(self) -> RejectedRowsFile:
        """See `ClaimedFile`."""
        return RejectedRowsFile(self._folder.path / ".rows.csv", self._rejects / ROWS_FILE)

    def reject(self, reason: FileRejected) -> None:
        """See `ClaimedFile`."""
        draft = self._folder.path / ".reason.json"
        with source_errors("set a file aside"):
            self._rejects.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(reason_json(reason, self.name, self.size, self.key))
            draft.rename(self._rejects / REASON_FILE)
            (self._rejects / ROWS_FILE).unlink(missing_ok=True)  # of an earlier try under other settings
            self._move(self._rejects)

    @property
    def _rejects(self) -> Path:
        return self._root / REJECTED / self.key

    def _inspect(self, file: BufferedReader, max_bytes: int, watch: Callable[[bytes], None]) -> None:
        opened = self._look_through(file)
        self.size = opened.size
        self._content = self._content or opened.content
        if opened.content != self._content:  # somebody wrote to it just when it was claimed
            raise FileRejected(FileReason.CHANGED_WHILE_READ)
        if self.size > max_bytes:
            raise FileRejected(FileReason.FILE_TOO_LARGE)
        self.key = fingerprint(file, watch)
        if not self.size:
            raise FileRejected(FileReason.EMPTY_FILE)
        if self._completion is Completion.SHA256 and self._checksum() != self.key:
            raise FileRejected(FileReason.CHECKSUM_MISMATCH)

    def _look_through(self, file: BufferedReader) -> Look:
        return look_of(self._path.name, os.fstat(file.fileno()))

    def _checksum(self) -> str:
        try:
            with _open_regular(self._folder.marker) as marker:
                return checksum_in(marker.read(_LONGEST_MARKER))
        except (FileNotFoundError, FileRejected):
            return ""

    def _move(self, folder: Path) -> None:
        """Rename into `folder`, or into a numbered sub-folder where the name is taken; the marker goes with it."""
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
            with suppress(FileNotFoundError):
                self._folder.marker.rename(target.with_name(f"{target.name}.{self._completion.value}"))
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


def look_of(name: str, facts: os.stat_result) -> Look:
    """A file of a directory, as stat(2) shows it."""
    return Look(name, facts.st_size, f"{facts.st_ino}-{facts.st_mtime_ns}", facts.st_mtime, facts.st_ctime)

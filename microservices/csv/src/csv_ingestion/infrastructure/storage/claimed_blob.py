"""One claimed file of a container: read by ranges of one version, and moved to where it ends."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from itertools import count
from typing import BinaryIO

import structlog

from csv_ingestion.application.helpers.fingerprint import fingerprint
from csv_ingestion.application.helpers.names import safe_file_name
from csv_ingestion.application.helpers.reason_file import reason_json
from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.ports.inbox import ARCHIVE, DUPLICATE, REASON_FILE, REJECTED, ROWS_FILE
from csv_ingestion.domain.readiness import Completion, checksum_in
from csv_ingestion.domain.reasons import FileReason
from csv_ingestion.domain.retention import day_folder, utc_now
from csv_ingestion.infrastructure.storage.container_claims import ContainerClaim
from csv_ingestion.infrastructure.storage.container_paths import ContainerPaths, Renamed
from csv_ingestion.infrastructure.storage.container_ranges import Ranges
from csv_ingestion.infrastructure.storage.container_rows import RejectedRowsBlob

_KEY_PREFIX = 16
_LONGEST_MARKER = 1024  # bytes

_log = structlog.stdlib.get_logger(__name__)


class ClaimedBlob:
    """`ClaimedFile` in a claim's folder.

    Args:
        paths: the inbox.
        claim: the claim it lies in.
        name: its name, as it was in the inbox.
        size: bytes, as the list told.
        etag: the version that was claimed.
        completion: with `sha256` the marker must name the content.
        reclaimed: a process that died had claimed it before.
    """

    def __init__(
        self,
        paths: ContainerPaths,
        claim: ContainerClaim,
        name: str,
        size: int,
        etag: str,
        completion: Completion,
        reclaimed: bool,
    ) -> None:
        self._paths = paths
        self._claim = claim
        self._path = f"{claim.folder}/{name}"
        self._name = name
        self._expected_size = size
        self._etag = etag
        self._completion = completion
        self._reclaimed = reclaimed
        self.name = safe_file_name(name)
        self.size = 0
        self.key = "unread-" + hashlib.sha256(self._path.encode()).hexdigest()[:32]

    @property
    def marker(self) -> str:
        """Where its marker lies, if it has one."""
        return f"{self._claim.folder}/.marker"

    def open(self, max_bytes: int, watch: Callable[[bytes], None]) -> BinaryIO:
        """See `ClaimedFile`."""
        self.size = self._expected_size
        if self.size > max_bytes:
            raise FileRejected(FileReason.FILE_TOO_LARGE)
        file = io.BufferedReader(Ranges(self._paths, self._path, self.size, self._etag, self._claim.keep_alive))
        self.key = fingerprint(file, watch)
        if not self.size:
            raise FileRejected(FileReason.EMPTY_FILE)
        if self._completion is Completion.SHA256:
            if checksum_in(self._paths.read_start(self.marker, _LONGEST_MARKER) or b"") != self.key:
                raise FileRejected(FileReason.CHECKSUM_MISMATCH)
        return file

    def refuse_if_changed(self) -> None:
        """See `ClaimedFile`."""
        if self._paths.find(self._path) != (self.size, self._etag):
            raise FileRejected(FileReason.CHANGED_WHILE_READ)

    def mark_extracted(self) -> None:
        """See `ClaimedFile`."""
        self._paths.write(f"{self._claim.folder}/.extracted", self.key.encode())

    def archive(self, *, duplicate: bool) -> None:
        """See `ClaimedFile`."""
        again = duplicate and not (self._reclaimed and self._was_extracted())
        self._move(f"{DUPLICATE if again else ARCHIVE}/{day_folder(utc_now())}")

    def rejected_rows(self) -> RejectedRowsBlob:
        """See `ClaimedFile`."""
        return RejectedRowsBlob(self._paths, f"{self._claim.folder}/.rows.csv", f"{REJECTED}/{self.key}")

    def reject(self, reason: FileRejected) -> None:
        """See `ClaimedFile`."""
        folder = f"{REJECTED}/{self.key}"
        self._paths.write(f"{folder}/{REASON_FILE}", reason_json(reason, self.name, self.size, self.key))
        self._paths.delete(f"{folder}/{ROWS_FILE}")  # of an earlier try under other settings
        self._move(folder)

    def _was_extracted(self) -> bool:
        return self._paths.read_start(f"{self._claim.folder}/.extracted", 100) == self.key.encode()

    def _move(self, folder: str) -> None:
        """Rename into `folder`, or into a numbered sub-folder where the name is taken; the marker goes with it."""
        for number in count():
            target = f"{folder}/{self.key[:_KEY_PREFIX]}-{number}" if number else folder
            self._paths.make_folder(target)
            moved = self._paths.rename(self._path, f"{target}/{self._name}", etag=self._current())
            if moved is Renamed.TAKEN:
                continue
            if moved is Renamed.GONE:
                _log.warning("claim_lost", key=self.key, reason="another process took the file over and moved it")
            elif self._completion is not Completion.STABLE:
                marker = f"{target}/{self._name}.{self._completion.value}"
                self._paths.rename(self.marker, marker, overwrite=True)
            return

    def _current(self) -> str:
        """The version to move: a file that was written to after the claim is set aside all the same."""
        found = self._paths.find(self._path)
        return found[1] if found else self._etag

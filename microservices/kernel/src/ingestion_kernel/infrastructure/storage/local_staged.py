"""A staging directory on a local disk."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from ingestion_kernel.domain.exceptions import BatchExists
from ingestion_kernel.domain.manifest import MANIFEST_FILE, Manifest
from ingestion_kernel.domain.ports.raw_lake import batch_path
from ingestion_kernel.infrastructure.storage.heartbeat import Heartbeat
from ingestion_kernel.infrastructure.storage.local_disk import disk_errors, fsync_directory, make_directories
from ingestion_kernel.infrastructure.storage.staged_parts import check_parts


class LocalStagedBatch:
    """A staging directory, renamed as a whole to publish it.

    Args:
        root: the raw container.
        entity: what the batches hold.
        folder: the staging directory, which exists.
        beat_seconds: how often it is shown that the run is alive.
    """

    def __init__(self, root: Path, entity: str, folder: Path, beat_seconds: float) -> None:
        self._root = root
        self._entity = entity
        self._folder = folder
        self._open: list[BinaryIO] = []
        self._published = False
        # stopped before the rename, or it would be the published directory that is touched
        self._heartbeat = Heartbeat(lambda: os.utime(folder), beat_seconds)

    def open_part(self, name: str) -> LocalPartFile:
        """See `StagedBatch`."""
        with disk_errors("create a part"):
            file = (self._folder / name).open("xb")
        self._open.append(file)
        return LocalPartFile(file)

    def publish(self, manifest: Manifest) -> None:
        """See `StagedBatch`."""
        target = self._root / batch_path(manifest.source, self._entity, manifest.batch_key)
        part = self.open_part(MANIFEST_FILE)
        part.write(json.dumps(manifest.to_dict(), indent=1, ensure_ascii=False).encode())
        part.close()
        with disk_errors("publish a batch"):
            check_parts(manifest, {path.name: path.stat().st_size for path in self._folder.iterdir()})
            fsync_directory(self._folder)
            make_directories(target.parent)
            self._heartbeat.stop()
            try:
                os.rename(self._folder, target)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                raise BatchExists(manifest.key) from None
            self._published = True
            fsync_directory(target.parent)

    def discard(self) -> None:
        """See `StagedBatch`."""
        self._heartbeat.stop()
        for file in self._open:
            try:
                file.close()
            except OSError:
                pass  # what its buffer holds is thrown away with it
        if not self._published:
            shutil.rmtree(self._folder, ignore_errors=True)


class LocalPartFile:
    """A file that is on the disk once it is closed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        """See `PartFile`."""
        with disk_errors("write a part"):
            self._file.write(data)

    def close(self) -> None:
        """See `PartFile`."""
        with disk_errors("close a part"), self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

"""`RawLake` on a local disk: fsync, then one rename of the directory."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ingestion_kernel.domain.batch import BatchKey
from ingestion_kernel.domain.exceptions import BatchExists, LakeUnavailable
from ingestion_kernel.domain.manifest import MANIFEST_FILE, Manifest
from ingestion_kernel.domain.ports.raw_lake import STAGING, batch_path

_MANIFEST_LOST = "Restore the batch from the container's backup: its manifest holds where the next run starts."


class LocalRawLake:
    """The raw container as a directory.

    rename(2) onto a directory that is not empty fails with ENOTEMPTY or EEXIST (POSIX), and a published batch is
    never empty: so the rename that publishes is also the check that nobody published before.
    """

    def __init__(self, root: Path, entity: str) -> None:
        self._root = root
        self._entity = entity

    def newest(self, source: str) -> Manifest | None:
        """See `RawLake`."""
        with _lake_errors("list the raw lake"):
            # not Path.glob, which takes a directory that may not be read for an empty one: all would be read anew
            names = _names_in(self._root / source / self._entity)
        keys = (BatchKey(name.removeprefix("batch=")) for name in names if name.startswith("batch="))
        newest = max((key for key in keys if key.number is not None), key=lambda key: key.text, default=None)
        if newest is None:
            return None
        manifest = self.find(source, newest)
        if manifest is None:
            raise LakeUnavailable(f"batch {newest.text} has no manifest", advice=_MANIFEST_LOST)
        return manifest

    def find(self, source: str, key: BatchKey) -> Manifest | None:
        """See `RawLake`."""
        return _read_manifest(self._root / batch_path(source, self._entity, key))

    def stage(self, run_id: str, source: str) -> LocalStagedBatch:
        """See `RawLake`."""
        folder = self._root / STAGING / source / f"{run_id}-{uuid.uuid4().hex[:8]}"
        with _lake_errors("create a staging directory"):
            folder.mkdir(parents=True)
        return LocalStagedBatch(self._root, self._entity, folder)

    def sweep(self, source: str, older_than_seconds: float) -> int:
        """See `RawLake`."""
        limit = time.time() - older_than_seconds
        folder = self._root / STAGING / source
        with _lake_errors("sweep the staging directory"):
            staged = [path for path in map(folder.joinpath, _names_in(folder)) if path.is_dir()]
            stale = [path for path in staged if _last_write(path) < limit]
            for path in stale:
                shutil.rmtree(path, ignore_errors=True)
        return len(stale)

    def check(self) -> None:
        """See `RawLake`."""
        with _lake_errors("write to the raw lake"):
            folder = self._root / STAGING
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".probe-{uuid.uuid4().hex}"
            probe.touch()
            probe.unlink()


class LocalStagedBatch:
    """A staging directory."""

    def __init__(self, root: Path, entity: str, folder: Path) -> None:
        self._root = root
        self._entity = entity
        self._folder = folder

    def open_part(self, name: str) -> LocalPartFile:
        """See `StagedBatch`."""
        with _lake_errors("create a part"):
            return LocalPartFile((self._folder / name).open("xb"))

    def publish(self, manifest: Manifest) -> None:
        """See `StagedBatch`."""
        target = self._root / batch_path(manifest.source, self._entity, manifest.batch_key)
        with _lake_errors("publish a batch"):
            part = self.open_part(MANIFEST_FILE)
            part.write(json.dumps(manifest.to_dict(), indent=1, ensure_ascii=False).encode())
            part.close()
            _fsync_directory(self._folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.rename(self._folder, target)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                raise BatchExists(manifest.key) from None
            _fsync_directory(target.parent)

    def discard(self) -> None:
        """See `StagedBatch`."""
        shutil.rmtree(self._folder, ignore_errors=True)


class LocalPartFile:
    """A file that is on the disk once it is closed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        """See `PartFile`."""
        with _lake_errors("write a part"):
            self._file.write(data)

    def close(self) -> None:
        """See `PartFile`."""
        with _lake_errors("close a part"), self._file:
            self._file.flush()
            os.fsync(self._file.fileno())


def _names_in(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _last_write(staged: Path) -> float:
    """When something was last written to a staging directory: a big part being written leaves the directory's time."""
    try:
        return max(path.stat().st_mtime for path in (staged, *staged.iterdir()))
    except FileNotFoundError:  # published or discarded meanwhile
        return time.time()


def _read_manifest(batch: Path) -> Manifest | None:
    with _lake_errors("read a manifest"):
        try:
            text = (batch / MANIFEST_FILE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
    try:
        return Manifest.from_dict(json.loads(text))
    except ValueError as error:
        raise LakeUnavailable(f"the manifest of {batch.name} cannot be read: {error}") from None


def _fsync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _lake_errors(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LakeUnavailable(f"cannot {doing}: {error.strerror or type(error).__name__}") from error

"""`RawLake` on a local disk: fsync, then one rename of the directory."""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from pathlib import Path

from ingestion_kernel.domain.batch import BatchKey
from ingestion_kernel.domain.exceptions import LakeUnavailable
from ingestion_kernel.domain.manifest import MANIFEST_FILE, Manifest
from ingestion_kernel.domain.ports.raw_lake import STAGING, batch_path
from ingestion_kernel.infrastructure.storage.heartbeat import BEAT_SECONDS
from ingestion_kernel.infrastructure.storage.local_disk import disk_errors, make_directories
from ingestion_kernel.infrastructure.storage.local_staged import LocalStagedBatch

_MANIFEST_LOST = "Restore the batch from the container's backup: its manifest holds where the next run starts."


class LocalRawLake:
    """The raw container as a directory.

    rename(2) onto a directory that is not empty fails with ENOTEMPTY or EEXIST (POSIX), and a published batch is
    never empty: so the rename that publishes is also the check that nobody published before.

    Args:
        root: made when it is first written to.
        entity: what the batches hold.
        beat_seconds: how often a staged batch shows that its run is alive.
    """

    def __init__(self, root: Path, entity: str, beat_seconds: float = BEAT_SECONDS) -> None:
        self._root = root
        self._entity = entity
        self._beat_seconds = beat_seconds

    def newest(self, source: str) -> Manifest | None:
        """See `RawLake`."""
        with disk_errors("list the raw lake"):
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
        parent = self._root / STAGING / source
        folder = parent / f"{run_id}-{uuid.uuid4().hex[:8]}"
        with disk_errors("create a staging directory"):
            make_directories(parent)
            folder.mkdir()
        return LocalStagedBatch(self._root, self._entity, folder, self._beat_seconds)

    def sweep(self, source: str, older_than_seconds: float) -> int:
        """See `RawLake`."""
        limit = time.time() - older_than_seconds
        folder = self._root / STAGING / source
        with disk_errors("sweep the staging directory"):
            staged = [path for path in map(folder.joinpath, _names_in(folder)) if path.is_dir()]
            stale = [path for path in staged if _last_write(path) < limit]
        return sum(map(_remove, stale))

    def check(self) -> None:
        """See `RawLake`."""
        with disk_errors("write to the raw lake"):
            folder = self._root / STAGING
            make_directories(folder)
            probe = folder / f".probe-{uuid.uuid4().hex}"
            try:
                probe.write_bytes(b"a full disk still takes an empty file")
            finally:
                probe.unlink(missing_ok=True)


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


def _remove(staged: Path) -> bool:
    """Take a directory away in one step, then delete it: a run that comes to life again cannot publish a half of it."""
    taken = staged.with_name(f".swept-{uuid.uuid4().hex}")
    try:
        os.rename(staged, taken)
    except OSError:
        return False  # published meanwhile, or not ours to remove: no reason to stop an ingestion
    shutil.rmtree(taken, ignore_errors=True)
    return True


def _read_manifest(batch: Path) -> Manifest | None:
    with disk_errors("read a manifest"):
        try:
            text = (batch / MANIFEST_FILE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
    try:
        return Manifest.from_dict(json.loads(text))
    except ValueError as error:
        raise LakeUnavailable(f"the manifest of {batch.name} cannot be read: {error}") from None

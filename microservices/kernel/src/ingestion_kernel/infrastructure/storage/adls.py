"""`RawLake` on ADLS Gen2 (hierarchical namespace), by the low-level calls of azure-storage-file-datalake.

Checked against our own server of the same calls (microservices/kernel/tests/fake_dfs/), which is modelled on the
REST specification and on what the SDK really sends. It was never run against Azure itself.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.filedatalake import FileSystemClient

from ingestion_kernel.domain.batch import BatchKey
from ingestion_kernel.domain.exceptions import LakeUnavailable
from ingestion_kernel.domain.manifest import MANIFEST_FILE, Manifest
from ingestion_kernel.domain.ports.raw_lake import STAGING, batch_path
from ingestion_kernel.infrastructure.storage.adls_calls import (
    delete_directory,
    delete_file,
    ensure_directory,
    is_missing_path,
    lake_errors,
    list_paths,
)
from ingestion_kernel.infrastructure.storage.adls_staged import ALIVE, AdlsStagedBatch
from ingestion_kernel.infrastructure.storage.heartbeat import BEAT_SECONDS
from ingestion_kernel.infrastructure.storage.retry import Retry

_MANIFEST_LOST = "Restore the batch from the container's backup: its manifest holds where the next run starts."


class AdlsRawLake:
    """The raw container of a storage account.

    Args:
        container: a client of it, with the SDK's own retries off; see `connect`.
        prefix: directory within the container under which all lies; may be empty.
        entity: what the batches hold.
        retry: how calls are repeated.
        now: seconds since 1970, for the age of staging directories.
        beat_seconds: how often a staged batch shows that its run is alive.
    """

    def __init__(
        self,
        container: FileSystemClient,
        prefix: str,
        entity: str,
        retry: Retry | None = None,
        now: Callable[[], float] = time.time,
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._container = container
        self._prefix = f"{prefix}/" if prefix else ""
        self._entity = entity
        self._retry = retry or Retry()
        self._now = now
        self._beat_seconds = beat_seconds

    def newest(self, source: str) -> Manifest | None:
        """See `RawLake`."""
        with lake_errors("list the raw lake"):
            listed = list_paths(self._container, f"{self._prefix}{source}/{self._entity}", self._retry, recursive=False)
        names = (path.name.rpartition("/")[2] for path in listed)
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
        path = f"{self._prefix}{batch_path(source, self._entity, key)}/{MANIFEST_FILE}"
        with lake_errors("read a manifest"):
            text = self._download(path)
        if text is None:
            return None
        try:
            return Manifest.from_dict(json.loads(text))
        except ValueError as error:
            raise LakeUnavailable(f"the manifest of batch {key.text} cannot be read: {error}") from None

    def stage(self, run_id: str, source: str) -> AdlsStagedBatch:
        """See `RawLake`."""
        path = f"{self._prefix}{STAGING}/{source}/{run_id}-{uuid.uuid4().hex[:8]}"
        with lake_errors("create a staging directory"):
            ensure_directory(self._container, path, self._retry)
        return AdlsStagedBatch(
            self._container,
            path,
            self._retry,
            self._beat_seconds,
            self._target_of,
            lambda manifest: self.find(manifest.source, manifest.batch_key),
        )

    def sweep(self, source: str, older_than_seconds: float) -> int:
        """See `RawLake`."""
        root = f"{self._prefix}{STAGING}/{source}"
        last_write: dict[str, float] = {}
        with lake_errors("sweep the staging directory"):
            for path in list_paths(self._container, root, self._retry, recursive=True):
                staged = path.name[len(root) + 1 :].partition("/")[0].removesuffix(ALIVE)
                last_write[staged] = max(path.last_modified.timestamp(), last_write.get(staged, 0))
            stale = [name for name, at in last_write.items() if at < self._now() - older_than_seconds]
            for name in stale:
                delete_directory(self._container, f"{root}/{name}", self._retry)
                delete_file(self._container, f"{root}/{name}{ALIVE}", self._retry)
        return len(stale)

    def check(self) -> None:
        """See `RawLake`."""
        # one name for all: a process that dies between the two calls leaves at most this one
        probe = self._container.get_file_client(f"{self._prefix}{STAGING}/.probe")
        with lake_errors("write to the raw lake"):
            # not retried: a probe asks how it is now
            probe.create_file()
            try:
                probe.delete_file()
            except ResourceNotFoundError:
                pass  # another replica probed at the same time

    def _target_of(self, manifest: Manifest) -> str:
        return f"{self._prefix}{batch_path(manifest.source, self._entity, manifest.batch_key)}"

    def _download(self, path: str) -> bytes | None:
        file = self._container.get_file_client(path)
        try:
            return self._retry(lambda: bytes(file.download_file().readall()))
        except ResourceNotFoundError as error:
            if is_missing_path(error):
                return None
            raise

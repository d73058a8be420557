"""`RawLake` on ADLS Gen2 (hierarchical namespace), by the low-level calls of azure-storage-file-datalake.

Checked against our own server of the same calls (microservices/kernel/tests/fake_dfs.py), which is modelled on the
REST specification and on what the SDK really sends. It was never run against Azure itself.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.filedatalake import DataLakeFileClient, FileSystemClient

from ingestion_kernel.domain.batch import BatchKey
from ingestion_kernel.domain.exceptions import BatchExists, LakeUnavailable
from ingestion_kernel.domain.manifest import MANIFEST_FILE, Manifest
from ingestion_kernel.domain.ports.raw_lake import STAGING, batch_path
from ingestion_kernel.infrastructure.storage.adls_calls import Retry, is_missing_path, lake_errors

#: Bytes of one append: the SDK's default of 100 MiB costs memory and times out on slow links.
_APPEND_BYTES = 8 * 1024 * 1024

_MANIFEST_LOST = "Restore the batch from the container's backup: its manifest holds where the next run starts."


class AdlsRawLake:
    """The raw container of a storage account.

    Args:
        container: a client of it, with the SDK's own retries off; see `connect`.
        prefix: directory within the container under which all lies; may be empty.
        entity: what the batches hold.
        retry: how calls are repeated.
        now: seconds since 1970, for the age of staging directories.
    """

    def __init__(
        self,
        container: FileSystemClient,
        prefix: str,
        entity: str,
        retry: Retry | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._container = container
        self._prefix = f"{prefix}/" if prefix else ""
        self._entity = entity
        self._retry = retry or Retry()
        self._now = now

    def newest(self, source: str) -> Manifest | None:
        """See `RawLake`."""
        with lake_errors("list the raw lake"):
            listed = self._list(f"{self._prefix}{source}/{self._entity}", recursive=False)
        names = (path.rpartition("/")[2] for path, _ in listed)
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
            _ensure_directory(self._container, path, self._retry)
        return AdlsStagedBatch(self, self._container, path, self._retry, self._target_of)

    def sweep(self, source: str, older_than_seconds: float) -> int:
        """See `RawLake`."""
        root = f"{self._prefix}{STAGING}/{source}"
        last_write: dict[str, float] = {}
        with lake_errors("sweep the staging directory"):
            for path, modified in self._list(root, recursive=True):
                staged = path[len(root) + 1 :].partition("/")[0]
                last_write[staged] = max(modified, last_write.get(staged, 0))
            stale = [name for name, at in last_write.items() if at < self._now() - older_than_seconds]
            for name in stale:
                _delete_directory(self._container, f"{root}/{name}", self._retry)
        return len(stale)

    def check(self) -> None:
        """See `RawLake`."""
        probe = self._container.get_file_client(f"{self._prefix}{STAGING}/.probe-{uuid.uuid4().hex}")
        with lake_errors("write to the raw lake"):
            # not retried: a probe asks how it is now
            probe.create_file()
            probe.delete_file()

    def _target_of(self, manifest: Manifest) -> str:
        return f"{self._prefix}{batch_path(manifest.source, self._entity, manifest.batch_key)}"

    def _list(self, directory: str, *, recursive: bool) -> list[tuple[str, float]]:
        """Path and time of last change of all below `directory`; empty if it does not exist."""

        def read_all_pages() -> list[tuple[str, float]]:
            paths = self._container.get_paths(path=directory, recursive=recursive)
            return [(item.name, item.last_modified.timestamp()) for item in paths]

        try:
            return self._retry(read_all_pages)
        except ResourceNotFoundError as error:
            if is_missing_path(error):
                return []
            raise

    def _download(self, path: str) -> bytes | None:
        file = self._container.get_file_client(path)
        try:
            return self._retry(lambda: bytes(file.download_file().readall()))
        except ResourceNotFoundError as error:
            if is_missing_path(error):
                return None
            raise


class AdlsStagedBatch:
    """A staging directory, renamed as a whole to publish it."""

    def __init__(
        self,
        lake: AdlsRawLake,
        container: FileSystemClient,
        path: str,
        retry: Retry,
        target_of: Callable[[Manifest], str],
    ) -> None:
        self._lake = lake
        self._container = container
        self._path = path
        self._retry = retry
        self._target_of = target_of

    def open_part(self, name: str) -> AdlsPartFile:
        """See `StagedBatch`."""
        file = self._container.get_file_client(f"{self._path}/{name}")
        attempts = 0

        def create() -> None:
            nonlocal attempts
            attempts += 1
            try:
                file.create_file(match_condition=MatchConditions.IfMissing)
            except ResourceExistsError:
                # the directory is ours alone, so on a second try this is our own file, whose reply was lost
                if attempts == 1:
                    raise

        with lake_errors("create a part"):
            self._retry(create)
        return AdlsPartFile(file, self._retry)

    def publish(self, manifest: Manifest) -> None:
        """See `StagedBatch`."""
        part = self.open_part(MANIFEST_FILE)
        part.write(json.dumps(manifest.to_dict(), ensure_ascii=False).encode())
        part.close()
        target = self._target_of(manifest)
        with lake_errors("publish a batch"):
            # the service does not make the parents of a rename's target
            _ensure_directory(self._container, target.rpartition("/")[0], self._retry)
            try:
                self._retry(lambda: self._rename(target))
            except AzureError:
                # 404 or 409 may be the echo of our own rename whose reply was lost: the target tells
                published = self._lake.find(manifest.source, manifest.batch_key)
                if published is None:
                    raise
                if published.run_id != manifest.run_id:
                    raise BatchExists(manifest.key) from None

    def discard(self) -> None:
        """See `StagedBatch`."""
        try:
            _delete_directory(self._container, self._path, self._retry)
        except AzureError:
            pass  # a later sweep removes it

    def _rename(self, target: str) -> None:
        self._container.get_directory_client(self._path).rename_directory(
            f"{self._container.file_system_name}/{target}", match_condition=MatchConditions.IfMissing
        )


class AdlsPartFile:
    """A file written by appends of at most 8 MiB, each checked by its MD5; visible in full once it is flushed."""

    def __init__(self, file: DataLakeFileClient, retry: Retry) -> None:
        self._file = file
        self._retry = retry
        self._buffer = bytearray()
        self._size = 0

    def write(self, data: bytes) -> None:
        """See `PartFile`."""
        self._buffer += data
        while len(self._buffer) >= _APPEND_BYTES:
            self._append(_APPEND_BYTES)

    def close(self) -> None:
        """See `PartFile`."""
        if self._buffer:
            self._append(len(self._buffer))
        if not self._size:
            return  # created empty, and the service refuses empty appends
        with lake_errors("flush a part"):
            # close=True fires the FlushWithClose event, which tells watchers that the file is whole
            self._retry(lambda: self._file.flush_data(self._size, close=True))

    def _append(self, length: int) -> None:
        data = bytes(self._buffer[:length])
        with lake_errors("write a part"):
            self._retry(lambda: self._file.append_data(data, self._size, length, validate_content=True))
        del self._buffer[:length]
        self._size += length


def _ensure_directory(container: FileSystemClient, path: str, retry: Retry) -> None:
    directory = container.get_directory_client(path)
    try:
        retry(lambda: directory.create_directory(match_condition=MatchConditions.IfMissing))
    except ResourceExistsError:
        pass


def _delete_directory(container: FileSystemClient, path: str, retry: Retry) -> None:
    directory = container.get_directory_client(path)
    try:
        retry(directory.delete_directory)
    except ResourceNotFoundError:
        pass

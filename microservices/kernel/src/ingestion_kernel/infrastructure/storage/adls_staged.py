"""A staging directory on ADLS Gen2."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.filedatalake import DataLakeFileClient, FileSystemClient

from ingestion_kernel.domain.exceptions import BatchExists
from ingestion_kernel.domain.manifest import MANIFEST_FILE, Manifest
from ingestion_kernel.infrastructure.storage.adls_calls import (
    delete_directory,
    delete_file,
    ensure_directory,
    lake_errors,
    list_paths,
)
from ingestion_kernel.infrastructure.storage.adls_part import IN_FLIGHT, AdlsPartFile
from ingestion_kernel.infrastructure.storage.heartbeat import Heartbeat
from ingestion_kernel.infrastructure.storage.retry import Retry
from ingestion_kernel.infrastructure.storage.staged_parts import check_parts

#: Ending of the file beside a staging directory that shows that its run is alive. Not inside, where it would be
#: published, or make the directory anew after the rename.
ALIVE = ".alive"


class AdlsStagedBatch:
    """A staging directory, renamed as a whole to publish it.

    Args:
        container: where it is.
        path: of the directory, which exists.
        retry: how calls are repeated.
        beat_seconds: how often it is shown that the run is alive.
        target_of: path of the batch that a manifest describes.
        find: the manifest that is published there, if any.
    """

    def __init__(
        self,
        container: FileSystemClient,
        path: str,
        retry: Retry,
        beat_seconds: float,
        target_of: Callable[[Manifest], str],
        find: Callable[[Manifest], Manifest | None],
    ) -> None:
        self._container = container
        self._path = path
        self._retry = retry
        self._target_of = target_of
        self._find = find
        self._published = False
        self._given_up = threading.Event()
        self._executor = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="lake-append")
        self._heartbeat = Heartbeat(self._show_alive, beat_seconds)

    def open_part(self, name: str) -> AdlsPartFile:
        """See `StagedBatch`."""
        file = self._container.get_file_client(f"{self._path}/{name}")
        with lake_errors("create a part"):
            self._create(file)
        return AdlsPartFile(file, self._retry, self._executor, self._given_up)

    def publish(self, manifest: Manifest) -> None:
        """See `StagedBatch`."""
        part = self.open_part(MANIFEST_FILE)
        part.write(json.dumps(manifest.to_dict(), ensure_ascii=False).encode())
        part.close()
        target = self._target_of(manifest)
        with lake_errors("publish a batch"):
            staged = list_paths(self._container, self._path, self._retry, recursive=False)
            check_parts(manifest, {path.name.rpartition("/")[2]: path.content_length for path in staged})
            # the service does not make the parents of a rename's target
            ensure_directory(self._container, target.rpartition("/")[0], self._retry)
            try:
                self._retry(lambda: self._rename(target))
            except AzureError:
                # 404 or 409 may be the echo of our own rename whose reply was lost: the target tells
                published = self._find(manifest)
                if published is None:
                    raise
                if published.run_id != manifest.run_id:
                    raise BatchExists(manifest.key) from None
        self._published = True
        self._end()

    def discard(self) -> None:
        """See `StagedBatch`."""
        self._end()
        if self._published:
            return
        try:
            delete_directory(self._container, self._path, self._retry)
        except AzureError:
            pass  # a later sweep removes it

    def _end(self) -> None:
        self._given_up.set()
        # not waited for: an append to a file that is gone does nothing
        self._executor.shutdown(wait=False, cancel_futures=True)
        if self._heartbeat.stop():
            try:
                delete_file(self._container, f"{self._path}{ALIVE}", self._retry)
            except AzureError:
                pass  # a later sweep removes it

    def _show_alive(self) -> None:
        # with no condition it truncates, which sets the time of its last change
        self._container.get_file_client(f"{self._path}{ALIVE}").create_file()

    def _create(self, file: DataLakeFileClient) -> None:
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

        self._retry(create)

    def _rename(self, target: str) -> None:
        self._container.get_directory_client(self._path).rename_directory(
            f"{self._container.file_system_name}/{target}", match_condition=MatchConditions.IfMissing
        )

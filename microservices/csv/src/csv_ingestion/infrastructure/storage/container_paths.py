"""The calls to an ADLS Gen2 container that an inbox needs, each repeated where it may be, with errors of ours.

Paths are relative to the inbox. Checked against our own server of the same calls; never run against Azure itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, cast
from urllib.parse import quote

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.storage.filedatalake import DataLakeFileClient, FileSystemClient
from ingestion_kernel.domain.exceptions import SourceAccessDenied, SourceUnavailable
from ingestion_kernel.infrastructure.storage.adls_calls import error_code, is_missing_path
from ingestion_kernel.infrastructure.storage.retry import Retry

from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.ports.inbox import PROCESSING
from csv_ingestion.domain.reasons import FileReason

_ADVICE = (
    "Check that the container of CSV_INPUT_DIR exists, that its account has a hierarchical namespace, and that this"
    " identity has the role Storage Blob Data Contributor on it."
)
_LOST = "Another process may have taken the file over after CSV_CLAIM_LEASE_SECONDS; the next run shows how it ended."


@dataclass(frozen=True, slots=True)
class Found:
    """A file or folder of a list; `path` is relative to the inbox, `modified` in seconds since 1970."""

    path: str
    folder: bool
    size: int
    etag: str
    modified: float


class Renamed(Enum):
    """How a rename ended: done; the source is gone or another one; the target is taken."""

    DONE = "done"
    GONE = "gone"
    TAKEN = "taken"


class ContainerPaths:
    """Files and folders of one inbox.

    Every method raises SourceAccessDenied or SourceUnavailable.

    Args:
        container: a client with the SDK's own retries off.
        prefix: the inbox within the container; may be empty.
        retry: how calls are repeated.
    """

    def __init__(self, container: FileSystemClient, prefix: str, retry: Retry | None = None) -> None:
        self._container = container
        self._prefix = f"{prefix}/" if prefix else ""
        self._retry = retry or Retry()

    def list(self, folder: str = "", *, recursive: bool = False) -> list[Found]:
        """All below a folder; nothing if there is no such folder, but for the inbox itself."""

        def read_all_pages() -> list[Found]:
            start = (self._prefix + folder).rstrip("/") or None
            return [
                Found(
                    item.name.removeprefix(self._prefix),
                    bool(item.is_directory),
                    int(item.content_length or 0),
                    _bare(item.etag),
                    item.last_modified.timestamp(),
                )
                for item in self._container.get_paths(path=start, recursive=recursive)
            ]

        with _container_errors("list the inbox"):
            try:
                return self._retry(read_all_pages)
            except ResourceNotFoundError as error:
                if folder and is_missing_path(error):
                    return []
                raise

    def touch(self, path: str) -> float:
        """Make the file, or empty it; its time by the service's clock, in seconds since 1970. Makes parents."""
        with _container_errors("write to the inbox"):
            return cast(datetime, self._retry(self._file(path).create_file)["last_modified"]).timestamp()

    def now(self) -> float:
        """The service's clock, in seconds since 1970: the one that the times of lists are of."""
        path = f"{PROCESSING}/.clock"  # one name for all: what a killed process left, the next one removes
        try:
            return self.touch(path)
        finally:
            self.delete(path)

    def make_folder(self, path: str) -> None:
        """Make a folder and its parents; silent if it exists."""
        directory = self._container.get_directory_client(self._prefix + path)
        with _container_errors("make a folder"):
            try:
                self._retry(lambda: directory.create_directory(match_condition=MatchConditions.IfMissing))
            except HttpResponseError as error:
                if error.status_code != 409:
                    raise

    def append(self, path: str, data: bytes, position: int) -> None:
        """Append to a file that `touch` made; repeated at the same position it changes nothing."""
        with _container_errors("write a file"):
            file = self._file(path)
            self._retry(lambda: file.append_data(data, position, len(data), validate_content=True))

    def flush(self, path: str, size: int) -> None:
        """Make what was appended visible."""
        with _container_errors("write a file"):
            self._retry(lambda: self._file(path).flush_data(size, close=True))

    def write(self, path: str, data: bytes) -> None:
        """A short file as a whole, over what is there."""
        self.touch(path)
        self.append(path, data, 0)
        self.flush(path, len(data))

    def read_range(self, path: str, offset: int, length: int, etag: str) -> bytes:
        """`length` bytes of a version of a file.

        Raises:
            FileRejected: the file is another one by now.
        """
        file, condition = self._file(path), MatchConditions.IfNotModified

        def download() -> bytes:
            return bytes(file.download_file(offset, length, etag=etag, match_condition=condition).readall())

        with _container_errors("read a claimed file"):
            try:
                return self._retry(download)
            except HttpResponseError as error:
                if error.status_code == 412:
                    raise FileRejected(FileReason.CHANGED_WHILE_READ) from None
                raise

    def read_start(self, path: str, length: int) -> bytes | None:
        """The first bytes of a file; None if there is none."""
        found = self.find(path)
        if found is None or not found[0]:
            return None if found is None else b""
        return self.read_range(path, 0, min(length, found[0]), found[1])

    def find(self, path: str) -> tuple[int, str] | None:
        """Size and ETag, None if there is no such path."""
        with _container_errors("look at a file"):
            try:
                facts = self._retry(self._file(path).get_file_properties)
            except ResourceNotFoundError as error:
                if is_missing_path(error):
                    return None
                raise
        return int(facts.size or 0), _bare(facts.etag)

    def rename(self, source: str, target: str, *, etag: str = "", overwrite: bool = False) -> Renamed:
        """Move a file or folder. The target's parent must exist.

        Args:
            source: what to move.
            target: where to; not overwritten unless asked for.
            etag: only this version of the source; a rename keeps it, so it also tells whether a lost reply was a yes.
        """
        options: dict[str, Any] = (
            {"source_etag": etag, "source_match_condition": MatchConditions.IfNotModified} if etag else {}
        )
        if not overwrite:
            options["match_condition"] = MatchConditions.IfMissing
        # quoted, since the SDK unquotes the source: a name with a percent sign would be another one
        client = self._container.get_file_client(quote(self._prefix + source))
        target_name = f"{self._container.file_system_name}/{self._prefix}{target}"
        attempts = 0

        def rename() -> None:
            nonlocal attempts
            attempts += 1
            client.rename_file(target_name, **options)

        with _container_errors("move a file"):
            try:
                self._retry(rename)
                return Renamed.DONE
            except HttpResponseError as error:
                refused = _refusals(error)
                if refused is None:
                    raise
        if attempts > 1:  # perhaps the echo of our own rename, whose reply was lost
            there = self.find(target)
            if there and etag in ("", there[1]):
                return Renamed.DONE
        return refused

    def delete(self, path: str, *, folder: bool = False) -> bool:
        """Remove a file, or a folder with all in it; False if there is none."""
        client = self._container.get_directory_client(self._prefix + path) if folder else self._file(path)
        remove = client.delete_directory if folder else client.delete_file  # type: ignore[union-attr]
        with _container_errors("remove a file"):
            try:
                self._retry(remove)
                return True
            except ResourceNotFoundError as error:
                if is_missing_path(error):
                    return False
                raise

    def _file(self, path: str) -> DataLakeFileClient:
        return self._container.get_file_client(self._prefix + path)


def _refusals(error: HttpResponseError) -> Renamed | None:
    code = error_code(error)
    if error.status_code == 409:
        return Renamed.TAKEN
    if error.status_code == 412 or (error.status_code == 404 and code in ("SourcePathNotFound", "PathNotFound")):
        return Renamed.GONE
    return None


def _bare(etag: str | None) -> str:
    return f'"{etag.strip(chr(34))}"' if etag else ""


@contextmanager
def _container_errors(doing: str) -> Iterator[None]:
    """Raise SourceAccessDenied or SourceUnavailable, which tell the status and the service's code, never the URL."""
    try:
        yield
    except AzureError as error:
        status = getattr(error, "status_code", None)
        text = f"cannot {doing}: " + (f"HTTP {status} {error_code(error)}".rstrip() if status else type(error).__name__)
        if isinstance(error, ClientAuthenticationError) or status in (401, 403):
            raise SourceAccessDenied(text, advice=_ADVICE) from error
        gone = isinstance(error, ResourceNotFoundError) and is_missing_path(error)
        raise SourceUnavailable(text, advice=_LOST if gone else _ADVICE) from error

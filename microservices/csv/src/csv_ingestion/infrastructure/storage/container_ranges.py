"""A file of a container as a stream that can be sought."""

from __future__ import annotations

import io
from collections.abc import Callable

from csv_ingestion.infrastructure.storage.container_paths import ContainerPaths

_RANGE_BYTES = 4 * 1024 * 1024


class Ranges(io.RawIOBase):
    """One version of a file, read by ranges of 4 MiB; one is held, since a text is read from it 8 KiB at a time.

    Args:
        paths: the inbox.
        path: the file.
        size: its size in bytes.
        etag: its version; reading raises FileRejected once it has another.
        on_read: called before each range is fetched.
    """

    def __init__(self, paths: ContainerPaths, path: str, size: int, etag: str, on_read: Callable[[], None]) -> None:
        self._paths = paths
        self._path = path
        self._size = size
        self._etag = etag
        self._on_read = on_read
        self._position = 0
        self._held_from = 0
        self._held = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._position >= self._size:
            return 0
        if not self._held_from <= self._position < self._held_from + len(self._held):
            self._fetch()
        start = self._position - self._held_from
        data = memoryview(self._held)[start : start + len(buffer)]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("negative position")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def _fetch(self) -> None:
        self._on_read()
        length = min(_RANGE_BYTES, self._size - self._position)
        self._held = b""  # not two at once
        self._held = self._paths.read_range(self._path, self._position, length, self._etag)
        self._held_from = self._position

"""A part on ADLS Gen2: appends of 8 MiB, two under way at a time."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Executor, Future
from contextvars import copy_context
from functools import partial

from azure.storage.filedatalake import DataLakeFileClient

from ingestion_kernel.infrastructure.storage.adls_calls import lake_errors
from ingestion_kernel.infrastructure.storage.retry import Retry

#: Bytes of one append at most: the SDK's default of 100 MiB costs memory and times out on slow links.
APPEND_BYTES = 8 * 1024 * 1024

#: Appends under way. The source goes on while they are sent and hashed; a third would gain little and cost 8 MiB.
IN_FLIGHT = 2


class AdlsPartFile:
    """A file written by appends, each checked by its MD5; visible in full once it is flushed.

    Args:
        file: created and empty.
        retry: how calls are repeated.
        executor: runs the appends. Their order does not matter to the service: each carries its position.
        given_up: once set, a failing append is not tried again.
    """

    def __init__(self, file: DataLakeFileClient, retry: Retry, executor: Executor, given_up: threading.Event) -> None:
        self._file = file
        self._retry = retry
        self._executor = executor
        self._given_up = given_up
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._size = 0
        self._under_way: deque[Future[None]] = deque()

    def write(self, data: bytes) -> None:
        """See `PartFile`. Waits if the lake is slower than the source."""
        for start in range(0, len(data), APPEND_BYTES):
            piece = data[start : start + APPEND_BYTES]
            if self._buffered + len(piece) > APPEND_BYTES:
                self._send()
            self._chunks.append(piece)
            self._buffered += len(piece)

    def close(self) -> None:
        """See `PartFile`."""
        if self._chunks:  # the service refuses empty appends
            self._append(*self._take())
        self._wait_until_under_way(0)
        if not self._size:
            return  # created empty, and there is nothing to flush
        with lake_errors("flush a part"):
            # close=True fires the FlushWithClose event, which tells watchers that the file is whole
            self._retry(lambda: self._file.flush_data(self._size, close=True))

    def _send(self) -> None:
        self._wait_until_under_way(IN_FLIGHT - 1)
        # in the context of the run, which counts the retries
        self._under_way.append(self._executor.submit(partial(copy_context().run, self._append, *self._take())))

    def _take(self) -> tuple[list[bytes], int]:
        chunks, position = self._chunks, self._size
        self._size += self._buffered
        self._chunks, self._buffered = [], 0
        return chunks, position

    def _append(self, chunks: list[bytes], position: int) -> None:
        data = b"".join(chunks)
        chunks.clear()
        with lake_errors("write a part"):
            self._retry(
                lambda: self._file.append_data(data, position, len(data), validate_content=True), self._given_up
            )

    def _wait_until_under_way(self, most: int) -> None:
        while len(self._under_way) > most:
            self._under_way.popleft().result()

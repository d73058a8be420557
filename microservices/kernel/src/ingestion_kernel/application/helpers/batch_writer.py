"""Cuts a stream of records into bounded parts of a staged batch, counting and hashing on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from ingestion_kernel.application.helpers.interruption import Interruption
from ingestion_kernel.domain.batch import Part, RawFormat
from ingestion_kernel.domain.ports.raw_lake import PartFile, StagedBatch

_KIB = 1024
_MIB = 1024 * _KIB


@dataclass(frozen=True, slots=True)
class PartLimits:
    """A part is closed once it reaches either bound; it overshoots by at most one chunk of `chunk_bytes`.

    A chunk is hashed and written while the source waits, so a small one lets the two sides work at the same time.
    """

    rows: int = 500_000
    size: int = 128 * _MIB
    chunk_bytes: int = 256 * _KIB


class BatchWriter:
    """The `RecordSink` of the use case: memory is one chunk, whatever the batch's size.

    Args:
        staged: where parts are written.
        format: decides the parts' file ending.
        header: written at the start of each part.
        limits: bounds of a part.
        on_rows: told of rows and bytes as they leave the buffer, for live progress.
        interruption: what others ask of the run; `write` raises the reason if the batch is to be dropped.
    """

    def __init__(
        self,
        staged: StagedBatch,
        format: RawFormat,
        header: bytes,
        limits: PartLimits,
        on_rows: Callable[[int, int], None],
        interruption: Interruption | None = None,
    ) -> None:
        self._staged = staged
        self._format = format
        self._header = header
        self._limits = limits
        self._on_rows = on_rows
        self._interruption = interruption or Interruption()
        self._content = hashlib.sha256()
        self._parts: list[Part] = []
        self._buffer = bytearray()
        self._buffered_rows = 0
        self._file: PartFile | None = None
        # without a header the first part is the content so far: its bytes are hashed once
        self._digest = hashlib.sha256() if header else self._content
        self._rows = 0
        self._size = 0

    def write(self, data: bytes, rows: int = 1) -> None:
        """See `RecordSink.write`."""
        if self._interruption.dropped is not None:  # no call: this line runs once a row
            self._interruption.check()
        self._buffer += data
        self._buffered_rows += rows
        if len(self._buffer) >= self._limits.chunk_bytes or self._buffered_rows >= self._limits.rows:
            self._drain()

    def finish(self) -> tuple[Part, ...]:
        """Close the last part and return all. A batch without records has one part, the bare header."""
        if self._buffer or not self._parts:
            self._drain()
        self._close_part()
        return tuple(self._parts)

    @property
    def content_sha256(self) -> str:
        """Hash of the records without headers, in hex: the same however they were cut into parts."""
        return self._content.hexdigest()

    def _drain(self) -> None:
        data = bytes(self._buffer)
        self._content.update(data)
        self._put(data)
        self._rows += self._buffered_rows
        self._on_rows(self._buffered_rows, len(data))
        self._buffer.clear()
        self._buffered_rows = 0
        if self._rows >= self._limits.rows or self._size >= self._limits.size:
            self._close_part()

    def _put(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._staged.open_part(self._next_name())
            data = self._header + data
        self._file.write(data)
        if self._digest is not self._content:
            self._digest.update(data)
        self._size += len(data)

    def _close_part(self) -> None:
        if self._file is None:
            return
        self._file.close()
        self._parts.append(Part(self._next_name(), self._rows, self._size, self._digest.hexdigest()))
        self._file, self._rows, self._size = None, 0, 0
        self._digest = hashlib.sha256()

    def _next_name(self) -> str:
        return f"part-{len(self._parts):05d}.{self._format.value}"

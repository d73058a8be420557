"""`RejectedRowsDraft` in a container."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from csv_ingestion.application.helpers.row_lines import ROWS_HEADER, row_line
from csv_ingestion.domain.ports.inbox import ROWS_FILE
from csv_ingestion.domain.reasons import RowReason
from csv_ingestion.infrastructure.storage.container_paths import ContainerPaths

_APPEND_BYTES = 1024 * 1024


class RejectedRowsBlob:
    """`RejectedRowsDraft` as rejected/<key>/rows.csv: drafted in the claim's folder, put in place by rename."""

    def __init__(self, paths: ContainerPaths, draft: str, folder: str) -> None:
        self._paths = paths
        self._draft = draft
        self._folder = folder
        self._buffer = bytearray()
        self._size = 0

    def add(self, line: int, reason: RowReason, fields: Sequence[str]) -> None:
        """See `RejectedRows`."""
        if not self._size and not self._buffer:
            self._paths.touch(self._draft)
            self._buffer += ROWS_HEADER
        self._buffer += row_line(line, reason, fields)
        if len(self._buffer) >= _APPEND_BYTES:
            self._append()

    def commit(self) -> None:
        """See `RejectedRowsDraft`."""
        target = f"{self._folder}/{ROWS_FILE}"
        if not self._size and not self._buffer:
            self._paths.delete(target)
            return
        if self._buffer:
            self._append()
        self._paths.flush(self._draft, self._size)
        self._paths.make_folder(self._folder)
        self._paths.rename(self._draft, target, overwrite=True)

    def __enter__(self) -> RejectedRowsBlob:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A draft that was not committed goes with the claim's folder, or is truncated by the next try."""

    def _append(self) -> None:
        self._paths.append(self._draft, bytes(self._buffer), self._size)
        self._size += len(self._buffer)
        self._buffer.clear()

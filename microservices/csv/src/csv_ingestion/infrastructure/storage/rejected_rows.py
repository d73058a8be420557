"""`RejectedRowsDraft` as rejected/<key>/rows.csv."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from csv_ingestion.application.helpers.row_lines import ROWS_HEADER, row_line
from csv_ingestion.domain.reasons import RowReason
from csv_ingestion.infrastructure.storage.source_errors import source_errors


class RejectedRowsFile:
    """Drafts the file and puts it in place as a whole by `commit`: a second try replaces what the first one left.

    Args:
        draft: where rows are written first, on the file system of `path`, for this process alone.
        path: where they end.
    """

    def __init__(self, draft: Path, path: Path) -> None:
        self._draft = draft
        self._path = path
        self._file: BinaryIO | None = None

    def add(self, line: int, reason: RowReason, fields: Sequence[str]) -> None:
        """See `RejectedRows`."""
        with source_errors("write rejected rows"):
            if self._file is None:
                self._file = self._draft.open("wb")
                self._file.write(ROWS_HEADER)
            self._file.write(row_line(line, reason, fields))

    def commit(self) -> None:
        """See `RejectedRowsDraft`."""
        with source_errors("write rejected rows"):
            if self._file is None:
                self._path.unlink(missing_ok=True)
                return
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._draft.rename(self._path)
            self._file = None

    def __enter__(self) -> RejectedRowsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._draft.unlink(missing_ok=True)

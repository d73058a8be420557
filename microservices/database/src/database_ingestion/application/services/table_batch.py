"""One batch of a table: it checks its rows against the snapshot's own count, and keeps within its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ingestion_kernel.domain.batch import BatchKey, Extraction, Watermark
from ingestion_kernel.domain.exceptions import SourceDataInvalid
from ingestion_kernel.domain.ports.source import Outcome, RecordSink

from database_ingestion.domain.exceptions import BatchSetAside, SnapshotLost
from database_ingestion.domain.ports.database import TableSnapshot
from database_ingestion.domain.record import RecordForm
from database_ingestion.domain.slices import Slice


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """What to take. `max_bytes` None for rows that cannot be cut any smaller."""

    rows: Slice
    max_bytes: int | None
    watermark: Watermark | None = None
    details: Mapping[str, Any] | None = None


class TableBatch:
    """See `PendingBatch`: one slice of the table. Without a watermark it is keyed by its content.

    Attributes:
        lost: set if the database gave up the snapshot while the rows were read.
        too_big: set if the rows did not fit into `max_bytes`.
        taken: rows and bytes that were read.
    """

    key: BatchKey | None = None

    def __init__(self, snapshot: TableSnapshot, form: RecordForm, plan: BatchPlan) -> None:
        self._snapshot = snapshot
        self._form = form
        self.format = form.format
        self.header = form.header
        self._plan = plan
        self.lost: SnapshotLost | None = None
        self.too_big = False
        self.taken = (0, 0)

    def extract(self, sink: RecordSink) -> Extraction:
        """See `PendingBatch`.

        Raises:
            BatchSetAside: the snapshot was lost, or the rows are too many bytes; see `lost` and `too_big`.
            SourceDataInvalid: other rows came than the snapshot has.
        """
        by_content = self._plan.watermark is None
        bounded = _BoundedSink(sink, self._plan.max_bytes)
        try:
            counted = self._snapshot.count(self._plan.rows)
            copied = self._snapshot.copy(self._plan.rows, self._form, bounded, ordered=by_content)
        except SnapshotLost as lost:
            self.lost = lost
            raise BatchSetAside("the snapshot was lost") from None
        except _Full:
            self.too_big = True
            raise BatchSetAside("the rows do not fit into DB_BATCH_MAX_BYTES") from None
        finally:
            self.taken = (bounded.rows, bounded.size)
        if not copied == bounded.rows == counted and self._snapshot.frozen:
            raise SourceDataInvalid(
                f"{counted} rows were counted in the snapshot, {copied} came, {bounded.rows} written"
            )
        extraction = Extraction(content_addressed=by_content, watermark=self._plan.watermark)
        return replace(extraction, details={**(self._plan.details or {}), "rows_counted": counted})

    def settle(self, outcome: Outcome) -> None:
        """See `PendingBatch`: a table needs no tidying up."""


class _Full(Exception):
    """The next piece would exceed the bound."""


class _BoundedSink:
    """Takes at least one piece, however big: a row that is larger than the bound goes through alone."""

    def __init__(self, sink: RecordSink, max_bytes: int | None) -> None:
        self._sink = sink
        self._max = max_bytes
        self.rows = 0
        self.size = 0

    def write(self, data: bytes, rows: int = 1) -> None:
        """See `RecordSink`."""
        if self._max is not None and self.rows and self.size + len(data) > self._max:
            raise _Full
        self._sink.write(data, rows)
        self.rows += rows
        self.size += len(data)

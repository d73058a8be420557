"""Port: where rows come from. Each microservice is one adapter of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

from ingestion_kernel.domain.batch import BatchKey, Extraction, Mode, RawFormat, Watermark


class RecordSink(Protocol):
    """Takes the records of one batch and cuts them into parts."""

    def write(self, data: bytes, rows: int = 1) -> None:
        """Append `rows` whole records, each ended by a line feed. Parts are cut only between two calls.

        Raises:
            LakeUnavailable: the lake cannot take them.
            RunCancelled: the run was cancelled; let it pass.
            RunInterrupted: the process stops and can wait no longer; let it pass.
        """


class Outcome(StrEnum):
    """How a pending batch ended."""

    PUBLISHED = "published"
    DUPLICATE = "duplicate"
    EMPTY = "empty"


class PendingBatch(Protocol):
    """One unit of work of a run; becomes one raw batch, or nothing.

    `key` is the content key if it is known before the extraction (a file's hash), so that a duplicate costs nothing.
    `header` is written at the start of each part (CSV), empty for JSON lines.
    """

    key: BatchKey | None
    format: RawFormat
    header: bytes

    def extract(self, sink: RecordSink) -> Extraction:
        """Write all records to `sink`.

        Raises:
            InputRejected: this input cannot be taken and was set aside; the run goes on without it.
            IngestionError: the source failed; nothing of this batch is published and the run ends.
        """

    def settle(self, outcome: Outcome) -> None:
        """Called once the outcome is durable: the place to archive an input file."""


class Source(Protocol):
    """A source of customer data."""

    name: str

    @property
    def modes(self) -> frozenset[Mode]:
        """What `pending` can be asked for."""

    def pending(self, mode: Mode, watermark: Watermark | None) -> AbstractContextManager[Iterator[PendingBatch]]:
        """The batches to take, oldest first, lazily; resources are held until the context closes.

        Args:
            mode: everything, or what is new since `watermark`.
            watermark: of the newest published batch, None before the first.
        """

    def take_rejected_inputs(self) -> int:
        """How many whole inputs (files) were set aside as unreadable since the last call."""

    def check(self) -> None:
        """Raise an IngestionError if the source cannot be used now."""

"""A run of an ingestion, as users poll it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.exceptions import IngestionError, RunCancelled


class RunStatus(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: Nothing changes after these.
END_STATES = (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED)


@dataclass(slots=True)
class RunError:
    """Why a run failed: see `IngestionError`."""

    code: str
    message: str
    advice: str
    next_allowed_at: str | None = None

    @classmethod
    def of(cls, fault: Exception) -> RunError:
        """What callers may know of a fault. The text of an unforeseen one may quote a row, so it stays out."""
        if isinstance(fault, IngestionError):
            return cls(fault.code, fault.message, fault.advice, getattr(fault, "next_allowed_at", None))
        return cls(IngestionError.code, f"unforeseen {type(fault).__name__}", IngestionError.advice)


@dataclass(slots=True)
class Run:
    """One run. Counters grow while it runs.

    `size` is in bytes, `retries` are of calls to source and lake, `as_of` is the time of the newest change in raw.
    """

    run_id: str
    source: str
    mode: Mode
    created_at: datetime
    status: RunStatus = RunStatus.QUEUED
    started_at: datetime | None = None
    finished_at: datetime | None = None
    rows_read: int = 0
    rows_written: int = 0
    rows_rejected: int = 0
    size: int = 0
    inputs_rejected: int = 0
    duplicates: int = 0
    retries: int = 0
    batches: list[str] = field(default_factory=list)
    as_of: datetime | None = None
    error: RunError | None = None
    exit_code: int = 0

    def end(self, moment: datetime, fault: Exception | None) -> None:
        """Record how the run ended; `fault` None means well."""
        self.finished_at = moment
        if fault is None:
            self.status = RunStatus.SUCCEEDED
            return
        self.error = RunError.of(fault)
        self.exit_code = fault.exit_code if isinstance(fault, IngestionError) else IngestionError.exit_code
        # last, as other threads read the rest once they see the end
        self.status = RunStatus.CANCELLED if isinstance(fault, RunCancelled) else RunStatus.FAILED

    @property
    def ended(self) -> bool:
        """True once nothing will change any more."""
        return self.status in END_STATES

    @property
    def has_rejects(self) -> bool:
        """True if something could not be taken and lies among the rejects."""
        return self.rows_rejected > 0 or self.inputs_rejected > 0

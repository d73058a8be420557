"""A run of an ingestion, as users poll it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ingestion_kernel.domain.batch import Mode


class RunStatus(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(slots=True)
class RunError:
    """Why a run failed: see `IngestionError`."""

    code: str
    message: str
    advice: str
    next_allowed_at: str | None = None


@dataclass(slots=True)
class Run:
    """One run. Counters grow while it runs; `size` in bytes."""

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
    batches: list[str] = field(default_factory=list)
    error: RunError | None = None
    exit_code: int = 0

    @property
    def ended(self) -> bool:
        """True once nothing will change any more."""
        return self.status in (RunStatus.SUCCEEDED, RunStatus.FAILED)

    @property
    def has_rejects(self) -> bool:
        """True if something could not be taken and lies among the rejects."""
        return self.rows_rejected > 0 or self.inputs_rejected > 0

"""`Telemetry` as log events, and the telemetry that tells several others."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from ingestion_kernel.domain.exceptions import IngestionError
from ingestion_kernel.domain.manifest import Manifest
from ingestion_kernel.domain.ports.telemetry import Telemetry
from ingestion_kernel.domain.run import Run, RunStatus

_log = structlog.stdlib.get_logger("ingestion")


class LogTelemetry:
    """One log event per event of a run. While a run works, its id and source are bound to the thread's log lines."""

    def run_started(self, run: Run) -> None:
        """See `Telemetry`."""
        structlog.contextvars.bind_contextvars(run_id=run.run_id, source=run.source)
        _log.info("run_started", mode=run.mode.value)

    def batch_published(self, run: Run, manifest: Manifest) -> None:
        """See `Telemetry`."""
        _log.info(
            "batch_published",
            batch_id=manifest.key,
            rows_written=manifest.rows_written,
            rows_rejected=manifest.rows_rejected,
            bytes=manifest.size,
            parts=len(manifest.parts),
        )

    def batch_skipped(self, run: Run, key: str) -> None:
        """See `Telemetry`."""
        _log.info("batch_skipped", batch_id=key, reason="the same content was published before")

    def conflict(self, run: Run, key: str) -> None:
        """See `Telemetry`."""
        _log.warning("batch_conflict", batch_id=key, reason="another run published first; this one plans again")

    def run_ended(self, run: Run, error: BaseException | None) -> None:
        """See `Telemetry`."""
        log = _log.bind(
            rows_read=run.rows_read,
            rows_written=run.rows_written,
            rows_rejected=run.rows_rejected,
            inputs_rejected=run.inputs_rejected,
            duplicates=run.duplicates,
            retries=run.retries,
            batches=len(run.batches),
        )
        if run.error is None:
            log.info("run_succeeded")
        elif run.status is RunStatus.CANCELLED:
            log.warning("run_cancelled", code=run.error.code, error=run.error.message, advice=run.error.advice)
        else:
            log.error(
                "run_failed",
                code=run.error.code,
                error=run.error.message,
                advice=run.error.advice,
                exc_info=_unexplained(error),
            )
        structlog.contextvars.unbind_contextvars("run_id", "source")


def _unexplained(error: BaseException | None) -> BaseException | None:
    """What still needs its place told: a fault of ours is explained by its message, but for its cause."""
    return error.__cause__ if isinstance(error, IngestionError) else error


class CompositeTelemetry:
    """Tells each of `members`, in order. One that fails is logged and never stops a run: telemetry is no cargo."""

    def __init__(self, members: Sequence[Telemetry]) -> None:
        self._members = members

    def run_started(self, run: Run) -> None:
        """See `Telemetry`."""
        self._tell("run_started", run)

    def batch_published(self, run: Run, manifest: Manifest) -> None:
        """See `Telemetry`."""
        self._tell("batch_published", run, manifest)

    def batch_skipped(self, run: Run, key: str) -> None:
        """See `Telemetry`."""
        self._tell("batch_skipped", run, key)

    def conflict(self, run: Run, key: str) -> None:
        """See `Telemetry`."""
        self._tell("conflict", run, key)

    def run_ended(self, run: Run, error: BaseException | None) -> None:
        """See `Telemetry`."""
        self._tell("run_ended", run, error)

    def _tell(self, event: str, *arguments: object) -> None:
        for member in self._members:
            try:
                getattr(member, event)(*arguments)
            except Exception as error:
                _log.warning("telemetry_failed", member=type(member).__name__, telemetry_event=event, exc_info=error)

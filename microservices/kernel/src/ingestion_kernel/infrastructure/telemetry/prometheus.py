"""`Telemetry` as Prometheus metrics. The source is the only label that varies, so the series stay few."""

from __future__ import annotations

import math
from datetime import datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from ingestion_kernel.domain.manifest import Manifest
from ingestion_kernel.domain.ports.clock import Clock
from ingestion_kernel.domain.run import END_STATES, Run, RunStatus
from ingestion_kernel.infrastructure.telemetry.system_clock import SystemClock

_SECONDS = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400)


class PrometheusTelemetry:
    """Counts in a registry of its own, so that two services or tests in one process do not mix.

    Args:
        source: label of all series; they exist, at zero, from the start, so that a rate sees the first event.
        version: of the service.
        clock: what the lag of the watermark is measured against.
    """

    def __init__(self, source: str, version: str, clock: Clock | None = None) -> None:
        self.registry = registry = CollectorRegistry()
        self._source = source
        self._clock = clock or SystemClock()
        self._as_of: datetime | None = None
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        Info("ingestion_build", "What runs here.", registry=registry).info({"source": source, "version": version})

        self._rows = self._counter("rows_written", "Rows published in raw.")
        self._bytes = self._counter("bytes_written", "Bytes published in raw.")
        self._rejected = self._counter("rows_rejected", "Rows set aside as unreadable.")
        self._inputs = self._counter("inputs_rejected", "Whole inputs (files) set aside as unreadable.")
        self._batches = self._counter("batches_published", "Batches published in raw.")
        self._duplicates = self._counter("batches_duplicate", "Batches not published: their content already was.")
        self._conflicts = self._counter("conflicts", "Times another replica published first.")
        self._retries = self._counter("retries", "Calls to the source or the lake that were repeated.")
        runs = Counter("ingestion_runs", "Ended runs.", ["source", "status"], registry=registry)
        self._runs = {status: runs.labels(source, status) for status in END_STATES}
        self._errors = Counter(
            "ingestion_errors", "Failed runs by the code of their error.", ["source", "code"], registry=registry
        )
        self._seconds = Histogram(
            "ingestion_run_duration_seconds", "How long runs took.", ["source"], buckets=_SECONDS, registry=registry
        ).labels(source)
        self._running = self._gauge("run_in_progress", "1 while a run works.")
        self._last_success = self._gauge(
            "last_success_timestamp_seconds", "When a run last succeeded; 0: never since the start."
        )
        self._lag = self._gauge(
            "watermark_lag_seconds",
            "Age of the newest change in raw; NaN until this process has run once, or if the source tells no times.",
        )
        self._lag.set_function(self._seconds_behind)

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"ingestion_{name}", text, ["source"], registry=self.registry).labels(self._source)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"ingestion_{name}", text, ["source"], registry=self.registry).labels(self._source)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format 0.0.4."""
        return generate_latest(self.registry)

    def run_started(self, run: Run) -> None:
        """See `Telemetry`."""
        self._running.set(1)

    def batch_published(self, run: Run, manifest: Manifest) -> None:
        """See `Telemetry`."""
        self._batches.inc()
        self._rows.inc(manifest.rows_written)
        self._bytes.inc(manifest.size)
        self._rejected.inc(manifest.rows_rejected)
        self._as_of = run.as_of or self._as_of

    def batch_skipped(self, run: Run, key: str) -> None:
        """See `Telemetry`."""
        self._duplicates.inc()

    def conflict(self, run: Run, key: str) -> None:
        """See `Telemetry`."""
        self._conflicts.inc()

    def run_ended(self, run: Run, error: BaseException | None) -> None:
        """See `Telemetry`."""
        self._running.set(0)
        self._runs[run.status].inc()
        self._inputs.inc(run.inputs_rejected)
        self._retries.inc(run.retries)
        self._as_of = run.as_of or self._as_of
        if run.error:
            self._errors.labels(self._source, run.error.code).inc()
        if run.finished_at and run.started_at:
            self._seconds.observe((run.finished_at - run.started_at).total_seconds())
        if run.finished_at and run.status is RunStatus.SUCCEEDED:
            self._last_success.set(run.finished_at.timestamp())

    def _seconds_behind(self) -> float:
        return (self._clock.now() - self._as_of).total_seconds() if self._as_of else math.nan

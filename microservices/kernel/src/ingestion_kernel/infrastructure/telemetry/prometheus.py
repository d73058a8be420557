"""`Telemetry` as Prometheus metrics. The source is the only label that varies, so the series stay few."""

from __future__ import annotations

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
from ingestion_kernel.domain.run import Run, RunStatus

_SECONDS = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400)


class PrometheusTelemetry:
    """Counts in a registry of its own, so that two services or tests in one process do not mix.

    Args:
        source: label of all series; they exist, at zero, from the start, so that a rate sees the first event.
        version: of the service.
    """

    def __init__(self, source: str, version: str) -> None:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        Info("ingestion_build", "What runs here.", registry=registry).info({"source": source, "version": version})

        def counter(name: str, text: str) -> Counter:
            return Counter(f"ingestion_{name}", text, ["source"], registry=registry).labels(source)

        self._rows = counter("rows_written", "Rows published in raw.")
        self._bytes = counter("bytes_written", "Bytes published in raw.")
        self._rejected = counter("rows_rejected", "Rows set aside as unreadable.")
        self._inputs = counter("inputs_rejected", "Whole inputs (files) set aside as unreadable.")
        self._batches = counter("batches_published", "Batches published in raw.")
        self._duplicates = counter("batches_duplicate", "Batches not published because their content already was.")
        self._conflicts = counter("conflicts", "Times another replica published first.")
        runs = Counter("ingestion_runs", "Ended runs.", ["source", "status"], registry=registry)
        self._runs = {status: runs.labels(source, status) for status in (RunStatus.SUCCEEDED, RunStatus.FAILED)}
        errors = Counter(
            "ingestion_errors", "Failed runs by the code of their error.", ["source", "code"], registry=registry
        )
        self._errors = errors
        self._source = source
        self._seconds = Histogram(
            "ingestion_run_duration_seconds", "How long runs took.", ["source"], buckets=_SECONDS, registry=registry
        ).labels(source)
        self._running = Gauge(
            "ingestion_run_in_progress", "1 while a run works.", ["source"], registry=registry
        ).labels(source)
        self._last_success = Gauge(
            "ingestion_last_success_timestamp_seconds",
            "When a run last succeeded; 0: never since the start.",
            ["source"],
            registry=registry,
        ).labels(source)
        self._registry = registry

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)

    def run_started(self, run: Run) -> None:
        """See `Telemetry`."""
        self._running.set(1)

    def batch_published(self, run: Run, manifest: Manifest) -> None:
        """See `Telemetry`."""
        self._batches.inc()
        self._rows.inc(manifest.rows_written)
        self._bytes.inc(manifest.size)
        self._rejected.inc(manifest.rows_rejected)

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
        if run.error:
            self._errors.labels(self._source, run.error.code).inc()
        if run.finished_at and run.started_at:
            self._seconds.observe((run.finished_at - run.started_at).total_seconds())
        if run.finished_at and run.status is RunStatus.SUCCEEDED:
            self._last_success.set(run.finished_at.timestamp())

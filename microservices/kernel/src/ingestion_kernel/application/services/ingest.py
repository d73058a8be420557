"""The use case: take what is new in a source and commit it to the raw lake, batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingestion_kernel.application.helpers.batch_writer import BatchWriter, PartLimits
from ingestion_kernel.application.helpers.interruption import Interruption, working_on
from ingestion_kernel.domain.batch import BatchKey, Extraction, Mode, Part, as_of
from ingestion_kernel.domain.canonical_csv import header_columns
from ingestion_kernel.domain.exceptions import (
    BatchExists,
    IngestionConflict,
    InputRejected,
    ModeNotSupported,
    RunInterrupted,
)
from ingestion_kernel.domain.manifest import Manifest
from ingestion_kernel.domain.ports.clock import Clock
from ingestion_kernel.domain.ports.raw_lake import RawLake, StagedBatch
from ingestion_kernel.domain.ports.source import Outcome, PendingBatch, Source
from ingestion_kernel.domain.ports.telemetry import Telemetry
from ingestion_kernel.domain.ports.tracer import NoTracer, Step, Tracer
from ingestion_kernel.domain.run import Run, RunStatus

#: How often in a row a run plans anew after another replica published first.
_MAX_CONFLICTS = 5


@dataclass(frozen=True, slots=True)
class IngestionSetup:
    """What stays the same between runs."""

    entity: str
    contract_version: str
    tool_version: str
    limits: PartLimits
    staging_max_age_seconds: float


class IngestionService:
    """Runs one ingestion at a time; holds no state between runs, since the watermark rides in the manifests."""

    def __init__(
        self,
        source: Source,
        lake: RawLake,
        clock: Clock,
        telemetry: Telemetry,
        setup: IngestionSetup,
        tracer: Tracer | None = None,
    ) -> None:
        self._source = source
        self._lake = lake
        self._clock = clock
        self._telemetry = telemetry
        self._setup = setup
        self._tracer = tracer or NoTracer()

    def execute(self, run: Run, interruption: Interruption | None = None) -> None:
        """Ingest into raw and record the result in `run`. Never raises: a fault ends up in `run.error`.

        Args:
            run: the run to execute.
            interruption: what others ask of it meanwhile. Stopped, the run ends with RUN_INTERRUPTED before its next
                batch; dropped, it ends at once with the reason. Either way nothing is lost.
        """
        asked = interruption or Interruption()
        with self._tracer.span(Step.RUN) as span, working_on(run, asked):
            span.note(source=run.source, run_id=run.run_id, mode=run.mode.value)
            self._execute(run, asked)
            span.note(
                status=run.status.value,
                error_code=run.error.code if run.error else None,
                batches=len(run.batches),
                rows_written=run.rows_written,
                rows_rejected=run.rows_rejected,
                retries=run.retries,
            )

    def _execute(self, run: Run, asked: Interruption) -> None:
        run.status, run.started_at = RunStatus.RUNNING, self._clock.now()
        self._telemetry.run_started(run)
        failure: Exception | None = None
        try:
            self._ingest(run, asked)
        except Exception as error:
            failure = error
        run.end(self._clock.now(), failure)
        self._telemetry.run_ended(run, failure)

    def _ingest(self, run: Run, asked: Interruption) -> None:
        asked.check()
        if run.mode not in self._source.modes:
            raise ModeNotSupported(f"{self._source.name} has no mode {run.mode.value}")
        self._lake.sweep(self._source.name, self._setup.staging_max_age_seconds)
        lost = 0
        while lost < _MAX_CONFLICTS:
            published = len(run.batches)
            if self._take_pending(run, asked):
                return
            lost = lost + 1 if len(run.batches) == published else 1  # two replicas that take turns both get on
        raise IngestionConflict(f"{_MAX_CONFLICTS} times in a row another run published first")

    def _take_pending(self, run: Run, asked: Interruption) -> bool:
        """Publish all pending batches; False if another run got ahead and the rest must be planned anew."""
        newest = self._lake.newest(self._source.name)
        number = (newest.batch_key.number or 0) if newest else 0
        run.as_of = as_of(newest.watermark) if newest else None
        try:
            with self._source.pending(run.mode, newest.watermark if newest else None) as batches:
                for batch in batches:
                    asked.check()
                    if asked.stopping:
                        raise RunInterrupted(f"stopped after {len(run.batches)} batches")
                    manifest = self._take_or_leave(run, batch, BatchKey.sequence(number + 1), asked)
                    if manifest and manifest.batch_key.number is not None:
                        number = manifest.batch_key.number
        except BatchExists as lost:
            self._telemetry.conflict(run, lost.message)
            return False
        finally:
            run.inputs_rejected += self._source.take_rejected_inputs()
        return True

    def _take_or_leave(self, run: Run, batch: PendingBatch, next_key: BatchKey, asked: Interruption) -> Manifest | None:
        rows_read, size = run.rows_read, run.size
        manifest = None
        try:
            manifest = self._take(run, batch, next_key, asked)
        except InputRejected:  # the source counts and explains it
            pass
        finally:
            if manifest is None:  # what was read went nowhere: rows_read stays rows_written + rows_rejected
                run.rows_read, run.size = rows_read, size
        return manifest

    def _take(self, run: Run, batch: PendingBatch, next_key: BatchKey, asked: Interruption) -> Manifest | None:
        if batch.key and self._lake.find(self._source.name, batch.key):
            self._skip(run, batch, batch.key)
            return None
        with self._tracer.span(Step.BATCH) as span:
            with asked.held():
                staged = self._lake.stage(run.run_id, self._source.name)
                try:
                    with asked.let_go():
                        manifest = self._fill(run, batch, next_key, staged, asked)
                finally:
                    staged.discard()
            if manifest is None:
                return None
            span.note(
                batch_id=manifest.key,
                rows_written=manifest.rows_written,
                rows_rejected=manifest.rows_rejected,
                bytes=manifest.size,
                parts=len(manifest.parts),
            )
            _count(run, manifest)
            batch.settle(Outcome.PUBLISHED)
            self._telemetry.batch_published(run, manifest)
        return manifest

    def _fill(
        self, run: Run, batch: PendingBatch, next_key: BatchKey, staged: StagedBatch, asked: Interruption
    ) -> Manifest | None:
        started = self._clock.now().isoformat()
        writer = BatchWriter(staged, batch.format, batch.header, self._setup.limits, _progress_of(run), asked)
        with self._tracer.span(Step.READ) as span:
            extraction = batch.extract(writer)
            parts = writer.finish()
            rows = sum(part.rows for part in parts)
            span.note(rows=rows, rows_rejected=extraction.rows_rejected)
        key = batch.key or next_key
        if extraction.content_addressed:
            key = BatchKey.content(writer.content_sha256)
            if self._lake.find(self._source.name, key):
                self._skip(run, batch, key)
                return None
        if not rows and not extraction.publish_if_empty:
            batch.settle(Outcome.EMPTY)
            return None
        manifest = self._manifest(run, batch, key, extraction, parts, started)
        try:
            with self._tracer.span(Step.PUBLISH):
                staged.publish(manifest)
        except BatchExists:
            if key.number is None:  # same content: the other run did our work
                self._skip(run, batch, key)
                return None
            raise
        return manifest

    def _skip(self, run: Run, batch: PendingBatch, key: BatchKey) -> None:
        batch.settle(Outcome.DUPLICATE)
        run.duplicates += 1
        self._telemetry.batch_skipped(run, key.text)

    def _manifest(
        self,
        run: Run,
        batch: PendingBatch,
        key: BatchKey,
        extraction: Extraction,
        parts: tuple[Part, ...],
        started: str,
    ) -> Manifest:
        rows = sum(part.rows for part in parts)
        return Manifest(
            run_id=run.run_id,
            source=self._source.name,
            entity=self._setup.entity,
            key=key.text,
            contract_version=self._setup.contract_version,
            tool_version=self._setup.tool_version,
            format=batch.format,
            rows_read=rows + extraction.rows_rejected,
            rows_written=rows,
            rows_rejected=extraction.rows_rejected,
            size=sum(part.size for part in parts),
            parts=parts,
            started_at=started,
            finished_at=self._clock.now().isoformat(),
            watermark=extraction.watermark,
            source_files=extraction.source_files,
            details=extraction.details,
            columns=header_columns(batch.header),
        )


def new_run(run_id: str, source: str, mode: Mode, clock: Clock) -> Run:
    """A run that waits to be executed."""
    return Run(run_id=run_id, source=source, mode=mode, created_at=clock.now())


def _progress_of(run: Run) -> Callable[[int, int], None]:
    def on_rows(rows: int, size: int) -> None:
        run.rows_read += rows
        run.size += size

    return on_rows


def _count(run: Run, manifest: Manifest) -> None:
    run.rows_written += manifest.rows_written
    run.rows_rejected += manifest.rows_rejected
    run.rows_read += manifest.rows_rejected
    run.batches.append(manifest.key)
    run.as_of = as_of(manifest.watermark) or run.as_of

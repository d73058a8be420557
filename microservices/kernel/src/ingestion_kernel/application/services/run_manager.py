"""Runs ingestions in the background, one at a time in this process, and remembers them."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor, wait

from ingestion_kernel.application.services.ingest import IngestionService, new_run
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.exceptions import ModeNotSupported, RunInProgress, RunInterrupted
from ingestion_kernel.domain.ports.clock import Clock
from ingestion_kernel.domain.ports.source import Source
from ingestion_kernel.domain.run import Run

#: Ended runs kept for polling. The lake's manifests are the lasting record.
_REMEMBERED = 1000


class RunManager:
    """Starts runs and answers for them. Thread-safe."""

    def __init__(self, source: Source, service: IngestionService, clock: Clock) -> None:
        self._source = source
        self._service = service
        self._clock = clock
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ingestion")
        self._future: Future[None] | None = None
        self._stopping = threading.Event()

    def start(self, mode: Mode) -> Run:
        """Begin a run in the background.

        Raises:
            RunInProgress: one is running already.
            ModeNotSupported: the source has no such mode.
            RunInterrupted: this process is stopping.
        """
        with self._lock:
            run = self._admit(mode)
            self._future = self._worker.submit(self._service.execute, run, self._stopping.is_set)
            return run

    def run_now(self, mode: Mode) -> Run:
        """Run in this thread and return the ended run. Raises like `start`."""
        with self._lock:
            run = self._admit(mode)
        self._service.execute(run, self._stopping.is_set)
        return run

    def get(self, run_id: str) -> Run | None:
        """The run of that id, None if unknown or forgotten."""
        return self._runs.get(run_id)

    def newest_first(self, limit: int) -> list[Run]:
        """At most `limit` runs."""
        with self._lock:
            return list(reversed(self._runs.values()))[:limit]

    def close(self, timeout: float | None = None) -> bool:
        """Take no more runs and let the running one end after its present batch.

        Args:
            timeout: how long to wait for it, in seconds; None waits as long as it takes.

        Returns:
            False if the time was up first. What it had staged is then swept by a later run.
        """
        with self._lock:
            self._stopping.set()
            running = self._future
        self._worker.shutdown(wait=False)
        return running is None or not wait([running], timeout).not_done

    def _admit(self, mode: Mode) -> Run:
        if self._stopping.is_set():
            raise RunInterrupted("this process is stopping")
        if mode not in self._source.modes:
            known = ", ".join(sorted(self._source.modes))
            raise ModeNotSupported(f"{self._source.name} has no mode {mode.value}; it has: {known}")
        active = next((run for run in reversed(self._runs.values()) if not run.ended), None)
        if active:
            raise RunInProgress(f"{self._source.name} is being ingested", run_id=active.run_id)
        run = new_run(str(uuid.uuid4()), self._source.name, mode, self._clock)
        self._runs[run.run_id] = run
        if len(self._runs) > _REMEMBERED:
            self._runs.popitem(last=False)
        return run

"""Runs ingestions in the background, one at a time in this process, and remembers them."""

from __future__ import annotations

import gc
import threading
import uuid
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from enum import Enum, auto

from ingestion_kernel.application.helpers.idempotency import IdempotencyKeys
from ingestion_kernel.application.helpers.interruption import Interruption
from ingestion_kernel.application.services.ingest import IngestionService, new_run
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.exceptions import (
    ModeNotSupported,
    RunCancelled,
    RunEnded,
    RunInProgress,
    RunInterrupted,
    RunUnknown,
)
from ingestion_kernel.domain.ports.clock import Clock
from ingestion_kernel.domain.ports.source import Source
from ingestion_kernel.domain.run import Run

#: Runs kept for polling, and idempotency keys: a week of one an hour. The lake's manifests are the lasting record.
#: Each takes about 1 kB.
REMEMBERED = 200

#: How long an idempotency key stands for the run that it started.
KEY_LIFETIME = timedelta(hours=24)


class Ending(Enum):
    """How the running ingestion took the closing of its manager."""

    IN_ORDER = auto()
    DROPPED = auto()
    STUCK = auto()


class RunManager:
    """Starts runs and answers for them. Thread-safe."""

    def __init__(self, source: Source, service: IngestionService, clock: Clock) -> None:
        self._source = source
        self._service = service
        self._clock = clock
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._keys: IdempotencyKeys[Mode] = IdempotencyKeys(REMEMBERED, KEY_LIFETIME)
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ingestion")
        self._future: Future[None] | None = None
        self._interruption = Interruption()
        self._stopping = False
        self.ending: Ending | None = None

    def start(self, mode: Mode, key: str | None = None) -> Run:
        """Begin a run in the background.

        Args:
            mode: how much to take.
            key: the caller's name for this request; repeated with the same mode, it answers with the run it started,
                for `KEY_LIFETIME` or until `REMEMBERED` later runs or keys.

        Raises:
            RunInProgress: one is running already.
            ModeNotSupported: the source has no such mode.
            RunInterrupted: this process is stopping.
            IdempotencyKeyReused: `key` has started a run in another mode.
        """
        with self._lock:
            known = self._runs.get(self._keys.run_of(key, mode, self._clock.now()) or "") if key else None
            if known:
                return known
            run = self._admit(mode)
            if key:
                self._keys.remember(key, mode, run.run_id, self._clock.now())
            self._future = self._worker.submit(self._execute, run, self._interruption)
            return run

    def _execute(self, run: Run, interruption: Interruption) -> None:
        self._service.execute(run, interruption)
        # What the run leaves in cycles (each call to the lake does) goes before the next one: left to chance, the most
        # that was ever uncollected, and with it the memory that the process holds, creeps up over hundreds of runs.
        gc.collect()

    def run_now(self, mode: Mode) -> Run:
        """Run in this thread and return the ended run. Raises like `start`."""
        with self._lock:
            run = self._admit(mode)
        self._service.execute(run, self._interruption)
        return run

    def interrupt(self, reason: RunInterrupted) -> None:
        """End `run_now` from a signal handler: its present batch is dropped whole. Raises the reason, if it may."""
        self._interruption.interrupt(reason)

    def drop_batch(self, reason: RunInterrupted) -> None:
        """The same from another thread: it ends the call, such as a query, in which `run_now` hangs."""
        self._interruption.drop_batch(reason)

    def cancel(self, run_id: str) -> Run:
        """Ask a run to end. Its present batch is dropped whole, or finished if it is being published already.

        Returns:
            The run; it ends soon, as cancelled unless it was done before it saw the request.

        Raises:
            RunUnknown: there is no such run.
            RunEnded: it has ended.
        """
        with self._lock:
            run = self._runs.get(run_id)
            if run is None:
                raise RunUnknown("this process knows no such run")
            if run.ended:
                raise RunEnded(f"the run has ended as {run.status.value}", run_id=run_id)
            self._interruption.drop_batch(RunCancelled("the run was cancelled"))
            return run

    def get(self, run_id: str) -> Run:
        """The run of that id. Raises RunUnknown if there is none, or no longer."""
        run = self._runs.get(run_id)
        if run is None:
            raise RunUnknown("this process knows no such run")
        return run

    def newest_first(self, limit: int) -> list[Run]:
        """At most `limit` runs."""
        with self._lock:
            return list(reversed(self._runs.values()))[:limit]

    def close(self, timeout: float | None = None, drop_timeout: float = 0) -> Ending:
        """Take no more runs and let the running one end after its present batch; `ending` keeps the answer.

        Args:
            timeout: how long to wait for it, in seconds; None waits as long as it takes.
            drop_timeout: then the batch is told to drop what it has, and may take so long to do it, in seconds.

        Returns:
            IN_ORDER: nothing runs, the present batch was published. DROPPED: the batch was dropped whole. STUCK: its
            thread hangs in the source or the lake; what it had staged is swept by a later run.
        """
        with self._lock:
            self._stopping = True
            self._interruption.stop_after_batch()
            running = self._future
        self._worker.shutdown(wait=False)
        self.ending = self._end(running, timeout, drop_timeout)
        return self.ending

    def _end(self, running: Future[None] | None, timeout: float | None, drop_timeout: float) -> Ending:
        if running is None or not wait([running], timeout).not_done:
            return Ending.IN_ORDER
        self._interruption.drop_batch(RunInterrupted("the process stops and could not wait for the batch to end"))
        if wait([running], drop_timeout).not_done:
            return Ending.STUCK
        newest = next(reversed(self._runs.values()))
        return Ending.DROPPED if newest.error else Ending.IN_ORDER  # it may have been publishing its last batch

    def _admit(self, mode: Mode) -> Run:
        if self._stopping:
            raise RunInterrupted("this process is stopping")
        if mode not in self._source.modes:
            known = ", ".join(sorted(self._source.modes))
            raise ModeNotSupported(f"{self._source.name} has no mode {mode.value}; it has: {known}")
        active = next((run for run in reversed(self._runs.values()) if not run.ended), None)
        if active:
            raise RunInProgress(f"{self._source.name} is being ingested", run_id=active.run_id)
        run = new_run(str(uuid.uuid4()), self._source.name, mode, self._clock)
        self._interruption = Interruption()
        self._runs[run.run_id] = run
        if len(self._runs) > REMEMBERED:
            self._runs.popitem(last=False)
        return run

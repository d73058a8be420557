"""What others ask of a run while it works, and the waits that listen to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ingestion_kernel.domain.exceptions import IngestionError
from ingestion_kernel.domain.run import Run


class Interruption:
    """Asked for by other threads, looked at by the thread of the run. Nothing is asked for at first.

    Attributes:
        stopping: the run ends after its present batch.
        dropped: why the present batch is to be dropped whole; None while it is not.
    """

    __slots__ = ("stopping", "dropped", "_asked", "_held")

    def __init__(self) -> None:
        self.stopping = False
        self.dropped: IngestionError | None = None
        self._asked = threading.Event()
        self._held = False

    def stop_after_batch(self) -> None:
        """Let the present batch end, and take no other."""
        self.stopping = True

    def drop_batch(self, reason: IngestionError) -> None:
        """Drop the present batch at its next write or wait. One that is being published already is finished."""
        self.dropped = self.dropped or reason
        self._asked.set()

    def interrupt(self, reason: IngestionError) -> None:
        """Drop the present batch, from a signal handler in the thread of the run itself.

        Raises the reason at once, since that thread may hang in a call that looks at nothing; within `held`, only its
        next write or wait raises it.
        """
        self.drop_batch(reason)
        if not self._held:
            raise reason

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within it, `interrupt` does not raise: what is made there is not lost before somebody holds it."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    @contextmanager
    def let_go(self) -> Iterator[None]:
        """A stretch of `held` in which `interrupt` raises again."""
        self._held = False
        try:
            self.check()
            yield
        finally:
            self._held = True

    def check(self) -> None:
        """Raise the reason if the batch is to be dropped."""
        if self.dropped is not None:
            raise self.dropped

    def wait(self, seconds: float) -> None:
        """Sleep; raise the reason as soon as the batch is to be dropped."""
        self._asked.wait(seconds)
        self.check()


_current: ContextVar[tuple[Run, Interruption] | None] = ContextVar("current_run", default=None)


@contextmanager
def working_on(run: Run, interruption: Interruption) -> Iterator[None]:
    """Within it, the waits below belong to `run`, in this thread and in those that copy its context."""
    token = _current.set((run, interruption))
    try:
        yield
    finally:
        _current.reset(token)


def pause(seconds: float) -> None:
    """Sleep for a source: as `time.sleep`, but a cancelled run wakes at once.

    Raises:
        RunCancelled: the run was cancelled.
        RunInterrupted: the process stops and can wait no longer.
    """
    current = _current.get()
    if current:
        current[1].wait(seconds)
    else:
        time.sleep(seconds)


def pause_before_retry(seconds: float) -> None:
    """`pause`, counted as one retry of the run."""
    count_retry()
    pause(seconds)


def count_retry() -> None:
    """One retry more of the run, if one is under way. For a lake, whose waits nothing interrupts."""
    current = _current.get()
    if current:
        current[0].retries += 1

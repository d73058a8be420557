"""What others ask of a run while it works, and the waits that listen to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar

from ingestion_kernel.domain.exceptions import IngestionError
from ingestion_kernel.domain.run import Run


class Interruption:
    """Asked for by other threads, looked at by the thread of the run. Nothing is asked for at first.

    Attributes:
        stopping: the run ends after its present batch.
        dropped: why the present batch is to be dropped whole; None while it is not.
    """

    __slots__ = ("stopping", "dropped", "_asked", "_held", "_cancels")

    def __init__(self) -> None:
        self.stopping = False
        self.dropped: IngestionError | None = None
        self._asked = threading.Event()
        self._held = False
        self._cancels: list[Callable[[], None]] = []

    def stop_after_batch(self) -> None:
        """Let the present batch end, and take no other."""
        self.stopping = True

    def drop_batch(self, reason: IngestionError) -> None:
        """Drop the present batch at its next write or wait. One that is being published already is finished.

        Returns at once: whoever asks may hold a lock or have a bound to keep, and a source's `cancel` may hang.
        """
        if self.dropped is not None:
            return
        self.dropped = reason
        self._asked.set()
        for cancel in list(self._cancels):
            threading.Thread(target=cancel, name="cancel", daemon=True).start()

    def interrupt(self, reason: IngestionError) -> None:
        """Drop the present batch, from a signal handler in the thread of the run itself.

        Raises the reason at once, since that thread may hang in a call that looks at nothing; within `held`, only its
        next write or wait raises it.
        """
        self.drop_batch(reason)
        if not self._held:
            raise reason

    @contextmanager
    def cancelling(self, cancel: Callable[[], None]) -> Iterator[None]:
        """Within it, `cancel` is called in a thread of its own if the batch is to be dropped; see `cancelled_by`."""
        self._cancels.append(cancel)
        try:
            self.check()
            yield
        finally:
            self._cancels.remove(cancel)

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


@contextmanager
def cancelled_by(cancel: Callable[[], None]) -> Iterator[None]:
    """For a source whose calls look at nothing while they wait, as a query does: `cancel` ends the present one.

    Called in a thread of its own as soon as the run is to drop its batch, so perhaps when the call has just ended; must
    not raise.

    Raises:
        RunCancelled, RunInterrupted: that was asked for before.
    """
    current = _current.get()
    with current[1].cancelling(cancel) if current else nullcontext():
        yield


def reason_to_drop() -> IngestionError | None:
    """Why the run is to drop its batch: what a call that was cancelled raises in the place of its own fault."""
    current = _current.get()
    return current[1].dropped if current else None


def pause_before_retry(seconds: float) -> None:
    """`pause`, counted as one retry of the run."""
    count_retry()
    pause(seconds)


def count_retry() -> None:
    """One retry more of the run, if one is under way. For a lake, whose waits nothing interrupts."""
    current = _current.get()
    if current:
        current[0].retries += 1

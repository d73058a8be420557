"""SIGTERM and Ctrl-C for a run in the main thread."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ingestion_kernel.application.services.run_manager import RunManager
from ingestion_kernel.domain.exceptions import RunInterrupted

_NUMBERS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def interruptible(manager: RunManager) -> Iterator[None]:
    """Both end `manager.run_now` as RUN_INTERRUPTED, with its staging removed, instead of killing the process."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for one in _NUMBERS:
            signal.signal(one, signal.SIG_IGN)  # the first is enough; a second must not break the cleaning up
        manager.interrupt(_reason(number))

    previous = {number: signal.signal(number, interrupt) for number in _NUMBERS}
    try:
        with _told_at_once(lambda number: manager.drop_batch(_reason(number))):
            yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _told_at_once(tell: Callable[[int], None]) -> Iterator[None]:
    """Call `tell` with the number of each signal, in a thread of its own.

    Python runs a handler only when the main thread gets back from a call into C, and a driver may wait there for as
    long as a query takes. https://docs.python.org/3/library/signal.html#execution-of-python-signal-handlers
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)

    def listen() -> None:
        with reader:
            while number := reader.recv(1):
                tell(number[0])

    threading.Thread(target=listen, name="signals", daemon=True).start()
    previous = signal.set_wakeup_fd(writer.fileno())
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous)
        writer.close()  # ends the thread


def _reason(number: int) -> RunInterrupted:
    return RunInterrupted(f"stopped by {signal.Signals(number).name}")

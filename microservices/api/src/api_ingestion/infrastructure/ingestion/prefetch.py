"""Works ahead of its reader in a thread, by a bounded number of items, errors in their place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """Hands out the items of an iterator, of which at most `ahead` are made before they are asked for.

    The thread works in the context of its maker, so in that of the run. It starts with the first `next` and ends with
    the iterator, its first error, or `close`.

    Args:
        items: advanced in the thread only.
        ahead: 1 or more.
    """

    def __init__(self, items: Iterator[T], ahead: int) -> None:
        self._items = items
        self._made: SimpleQueue[tuple[T] | BaseException] = SimpleQueue()
        self._room = threading.Semaphore(ahead)
        self._closed = False
        self._started = False
        self._over = False
        self._thread = threading.Thread(target=copy_context().run, args=(self._work,), name="api-prefetch", daemon=True)

    def __next__(self) -> T:
        """The next item.

        Raises:
            StopIteration: there is none.
            Exception: what the iterator raised at this place.
        """
        if not self._started:
            self._started = True
            self._thread.start()
        made = self._made.get()
        if isinstance(made, BaseException):
            self._over = True
            self._made.put(made)  # the end stays the end
            raise made
        self._room.release()
        return made[0]

    def close(self, wake: Callable[[], None]) -> None:
        """End the thread and wait for it.

        Args:
            wake: called to end what it waits for, unless it is known to wait for nothing any more.
        """
        self._closed = True
        self._room.release()
        if self._started and not self._over:
            wake()
        if self._started:
            self._thread.join()

    def _work(self) -> None:
        try:
            while True:
                self._room.acquire()
                if self._closed:
                    return
                self._made.put((next(self._items),))
        except BaseException as error:  # handed over, to be raised where the reader is
            self._made.put(error)

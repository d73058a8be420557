"""Idempotency keys of requests (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from ingestion_kernel.domain.exceptions import IdempotencyKeyReused

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    request: T
    run_id: str
    expires: datetime


class IdempotencyKeys(Generic[T]):
    """Which run a key has started. Not thread-safe.

    Args:
        capacity: keys remembered; beyond it the oldest is forgotten.
        lifetime: after which a key is free again.
    """

    def __init__(self, capacity: int, lifetime: timedelta) -> None:
        self._capacity = capacity
        self._lifetime = lifetime
        self._entries: OrderedDict[str, _Entry[T]] = OrderedDict()

    def run_of(self, key: str, request: T, now: datetime) -> str | None:
        """The id of the run that `key` has started, None if it is free.

        Raises:
            IdempotencyKeyReused: it has started a run that was asked for otherwise.
        """
        entry = self._entries.get(key)
        if entry is None or entry.expires <= now:
            return None
        if entry.request != request:
            raise IdempotencyKeyReused("the Idempotency-Key has started another kind of run")
        return entry.run_id

    def remember(self, key: str, request: T, run_id: str, now: datetime) -> None:
        """`key` has started this run."""
        self._entries.pop(key, None)  # an expired one; the new one goes to the end
        self._entries[key] = _Entry(request, run_id, now + self._lifetime)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

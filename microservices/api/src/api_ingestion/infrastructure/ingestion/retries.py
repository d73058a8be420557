"""When a failed request may be repeated, and how long to wait before."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from ingestion_kernel.application.helpers.interruption import count_retry, pause
from ingestion_kernel.domain.exceptions import SourceThrottled, SourceUnavailable
from ingestion_kernel.domain.ports.clock import Clock

from api_ingestion.infrastructure.config.settings import ApiSettings

#: Answers that may differ next time. 501 and 505 will not.
RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

#: Ten years. An API may ask for more by mistake, as by a moment in milliseconds, and no date is that far away.
_LONGEST_PAUSE = 10 * 365 * 86_400.0

#: How often a wait looks whether the run was cancelled.
_LOOK_SECONDS = 0.2

T = TypeVar("T")


class TransientFault(Exception):
    """A request failed in a way that may pass.

    Args:
        reason: status or kind of error, never text of the answer.
        throttled: the API said that it is asked too much (429).
        retry_after: seconds the API asked to wait, None if it did not.
    """

    def __init__(self, reason: str, throttled: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.throttled = throttled
        self.retry_after = retry_after


def parse_retry_after(value: str | None, date: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header (RFC 9110, 10.2.3) asks for; None without one that can be read.

    Args:
        value: the header: seconds, or an HTTP date.
        date: the answer's Date header; the distance between the two dates is free of the clocks' skew.
        now: used without a Date header.
    """
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    until = http_date(value)
    if until is None:
        return None
    return max(0.0, (until - (http_date(date) or now)).total_seconds())


def http_date(value: str | None) -> datetime | None:
    """The moment of an HTTP date (RFC 9110, 5.6.7), in UTC if it names no zone; None if it is none."""
    try:
        moment = parsedate_to_datetime(value) if value else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


class Aborted(Exception):
    """The run has ended; whoever works for it ahead must stop."""


class Retrier:
    """Repeats requests within one run's budget and deadline, with full jitter. Retry-After is a lower bound.

    `retries` counts what was repeated.

    Args:
        settings: attempts, budget, backoff and deadline.
        clock: for `next_allowed_at`.
        stop: once set, nothing waits any longer.
    """

    def __init__(self, settings: ApiSettings, clock: Clock, stop: threading.Event) -> None:
        self._attempts = settings.api_retry_attempts
        self._budget = settings.api_retry_budget
        self._base = settings.api_retry_base_seconds
        self._cap = settings.api_retry_cap_seconds
        self._deadline = time.monotonic() + settings.api_deadline_seconds
        self._clock = clock
        self._stop = stop
        self.retries = 0

    def call(self, request: Callable[[], T]) -> T:
        """The result of `request`, tried anew on each `TransientFault`.

        Raises:
            SourceThrottled: the API wants more patience than the run has.
            SourceUnavailable: it still fails after all tries.
            Aborted: the run has ended.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return request()
            except TransientFault as fault:
                wait = self._wait(fault, attempt)
            self.retries += 1
            count_retry()
            self._sleep(wait)

    def hold(self, own: float, asked: float) -> None:
        """Wait before a request, as our own rate and the API's quota want; both in seconds.

        Raises:
            SourceThrottled: the run's deadline comes before the end of the pause that the API asked for.
            Aborted: the run has ended.
        """
        if asked and time.monotonic() + asked > self._deadline:
            raise self._throttled("that its quota is used up", asked)
        self._sleep(max(own, asked))

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._stop.wait(min(left, _LOOK_SECONDS)):
                raise Aborted
            pause(0)  # raises if the run is cancelled

    def _throttled(self, reason: str, seconds: float) -> SourceThrottled:
        until = self._clock.now() + timedelta(seconds=min(seconds, _LONGEST_PAUSE))
        return SourceThrottled(
            f"the API says {reason} and asks for a pause of {seconds:.0f} s",
            next_allowed_at=until.isoformat(timespec="seconds"),
        )

    def _wait(self, fault: TransientFault, attempt: int) -> float:
        # `from None` throughout: causes of network errors may quote headers or answers
        if self._stop.is_set():
            raise Aborted from None
        jitter = random.uniform(0, min(self._cap, self._base * 2 ** (attempt - 1)))
        asked = fault.retry_after or 0.0
        wait = asked + jitter
        late = time.monotonic() + wait > self._deadline
        spent = attempt >= self._attempts or self.retries >= self._budget
        if not late and not spent:
            return wait
        if fault.throttled or (late and asked):
            raise self._throttled(fault.reason, asked or self._cap) from None
        limit = "the run's deadline" if late else f"{attempt} tries"
        raise SourceUnavailable(f"the API still fails at {limit}: {fault.reason}") from None

"""Repeating calls to the storage service as it wants them repeated.

The SDK's own retries are off: they ignore 429 and Retry-After (seen with azure-storage-file-datalake 12.26.1), and
after a lost reply they hide which attempt it was that found the path to exist.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from azure.core.exceptions import HttpResponseError, IncompleteReadError, ServiceRequestError, ServiceResponseError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_attempt,
    stop_before_delay,
    stop_when_event_set,
)
from tenacity.wait import wait_random_exponential

from ingestion_kernel.application.helpers.interruption import count_retry

T = TypeVar("T")

_TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_BACKOFF = wait_random_exponential(multiplier=0.5, max=30)


class Retry:
    """Repeats calls that may be repeated, after a random pause that grows, and never before Retry-After.

    Args:
        attempts: how often one call is tried.
        seconds: if the next try would come later than this after the first, the last error is raised instead.
        sleep: how to wait; `time.sleep` by default, or the event of `given_up` where there is one.
    """

    def __init__(self, attempts: int = 6, seconds: float = 180, sleep: Callable[[float], None] | None = None) -> None:
        self._attempts = attempts
        self._seconds = seconds
        self._sleep = sleep

    def __call__(self, call: Callable[[], T], given_up: threading.Event | None = None) -> T:
        """The result of `call`; raises its last error. Once `given_up` is set, it is not tried again."""
        stop = stop_after_attempt(self._attempts) | stop_before_delay(self._seconds)
        retrying = Retrying(
            retry=retry_if_exception(_is_transient),
            wait=_wait,
            stop=stop | stop_when_event_set(given_up) if given_up else stop,
            before_sleep=lambda _: count_retry(),
            sleep=self._sleep or (sleep_using_event(given_up) if given_up else time.sleep),
            reraise=True,
        )
        return retrying(call)


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, HttpResponseError):
        return isinstance(error, IncompleteReadError) or error.status_code in _TRANSIENT_STATUS
    return isinstance(error, (ServiceRequestError, ServiceResponseError))


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return max(_BACKOFF(state), retry_after(getattr(getattr(error, "response", None), "headers", {})))


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that Retry-After asks to wait (RFC 9110, 10.2.3): a number, or a date; 0 if it says neither.

    A date is compared with the answer's own Date, so that this machine's clock need not agree with the service's.
    """
    asked = str(headers.get("Retry-After", "")).strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    at = _http_date(asked)
    if at is None:
        return 0.0
    sent = _http_date(str(headers.get("Date", ""))) or datetime.now(UTC)
    return max(0.0, (at - sent).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

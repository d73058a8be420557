"""How fast the API may be asked: by our own setting, and by what its answers say is left."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping

#: Seconds since 1970 rather than seconds from now, as some partners write X-RateLimit-Reset.
_EPOCH_FROM = 1_000_000_000
# RateLimit: "default";r=0;t=30 (draft-ietf-httpapi-ratelimit-headers-08 and later)
_PARAMETER = re.compile(r";\s*([rt])=(\d+)")
_NUMBER = re.compile(r"\A\d{1,20}(\.\d+)?")
_PREFIXES = ("RateLimit-", "X-RateLimit-", "X-Rate-Limit-")


class TokenBucket:
    """At most `rate` requests per second in the long run, `burst` at once. Thread-safe.

    Args:
        rate: None sets no limit.
        burst: requests that may follow each other without a pause.
        now: monotonic seconds.
    """

    def __init__(self, rate: float | None, burst: int, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._now = now
        self._lock = threading.Lock()
        self._tokens = float(burst)
        self._filled_at = now()
        self._not_before = 0.0

    def reserve(self) -> tuple[float, float]:
        """Take the right to one request; returns the seconds to wait before it, by our own rate and by the API's."""
        with self._lock:
            now = self._now()
            asked = max(0.0, self._not_before - now)
            if self._rate is None:
                return 0.0, asked
            self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
            self._tokens -= 1
            return max(0.0, -self._tokens / self._rate), asked

    def pause(self, seconds: float) -> None:
        """The API has nothing left for so long."""
        with self._lock:
            self._not_before = max(self._not_before, self._now() + seconds)


def exhausted_for(headers: Mapping[str, str], epoch_now: float) -> float | None:
    """Seconds until the API's own quota is filled again, None unless it says that nothing is left.

    Reads RateLimit (draft-ietf-httpapi-ratelimit-headers), RateLimit-Remaining and -Reset (its drafts up to 7), and
    the older X-RateLimit-* with a distance, or a moment in seconds since 1970 or thousandths of them, down to nano.

    Args:
        headers: case-insensitive.
        epoch_now: the answer's Date if it has one, else our clock.
    """
    stated = dict(_PARAMETER.findall(headers.get("RateLimit", "")))
    if stated.get("r") == "0" and "t" in stated:
        return float(stated["t"])
    for prefix in _PREFIXES:
        remaining, reset = (_number(headers.get(prefix + name)) for name in ("Remaining", "Reset"))
        if remaining == 0 and reset is not None:
            while reset >= _EPOCH_FROM * 1000:
                reset /= 1000
            return max(0.0, reset - epoch_now) if reset >= _EPOCH_FROM else reset
    return None


def _number(text: str | None) -> float | None:
    match = _NUMBER.match((text or "").strip())
    return float(match.group()) if match else None

"""Whether a run could begin now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import structlog

from ingestion_kernel.domain.exceptions import IngestionError
from ingestion_kernel.interfaces.schemas import Readiness

_log = structlog.stdlib.get_logger("http")


class CachedReadiness:
    """The state of the dependencies. Probes need no token, so a flood of them must not reach source and lake."""

    def __init__(self, checks: Mapping[str, Callable[[], None]], ttl_seconds: float) -> None:
        self._checks = checks
        self._ttl = ttl_seconds
        self._lock = threading.Lock()
        self._view: Readiness | None = None
        self._expires = 0.0

    def view(self) -> Readiness:
        """The state, at most `ttl_seconds` old, or older while another thread waits for a dependency to answer."""
        known = self._view
        # probes must not pile up behind a source that hangs until no thread is left to serve anything else
        if not self._lock.acquire(blocking=known is None) and known:
            return known
        try:
            if self._view is None or time.monotonic() >= self._expires:
                found = {name: state_of(name, check) for name, check in self._checks.items()}
                ready = all(state == "ok" for state in found.values())
                self._view = Readiness(status="ready" if ready else "unready", dependencies=found)
                self._expires = time.monotonic() + self._ttl
            return self._view
        finally:
            self._lock.release()


def state_of(name: str, check: Callable[[], None]) -> str:
    """`ok`, or the code of what is wrong with a dependency; the whole story goes to the log."""
    try:
        check()
    except IngestionError as error:
        _log.warning("dependency_unusable", dependency=name, code=error.code, error=error.message, advice=error.advice)
        return error.code
    except Exception as error:
        _log.warning("dependency_unusable", dependency=name, code=IngestionError.code, exc_info=error)
        return IngestionError.code
    return "ok"

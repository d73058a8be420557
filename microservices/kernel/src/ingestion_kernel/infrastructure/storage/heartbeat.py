"""Shows that a staging directory belongs to a run that is alive, however long its source is silent."""

from __future__ import annotations

import threading
from collections.abc import Callable

#: Well below the lowest STAGING_MAX_AGE_SECONDS, 60.
BEAT_SECONDS = 20.0

#: How long `stop` waits for a beat that is under way.
_STOP_SECONDS = 5.0


class Heartbeat:
    """Calls `beat` every `seconds`, in a thread that dies with the process, until it is stopped.

    A short batch ends before the first beat and costs nothing. A beat that fails is left to the next one.
    """

    def __init__(self, beat: Callable[[], None], seconds: float) -> None:
        self._beat = beat
        self._seconds = seconds
        self._stopped = threading.Event()
        self._beaten = False
        self._thread = threading.Thread(target=self._run, name="lake-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> bool:
        """End it; True if it ever beat. May be called again."""
        self._stopped.set()
        self._thread.join(_STOP_SECONDS)
        return self._beaten

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            self._beaten = True
            try:
                self._beat()
            except Exception:  # the run itself meets the same lake, and tells what is wrong with it
                continue

"""What ends the demo early."""

from __future__ import annotations

import signal
from pathlib import Path


class DemoError(Exception):
    """Something the demo needs is missing or failed; the text says what to do next and which log to read."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(f"{message}\nIts log: {log}" if log else message)


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or SIGHUP: not an error, so no `except Exception` may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number

"""The processes that the demo starts: each in a group of its own, with a log file, and none of them left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

import psutil

from demo.errors import DemoError, Stopped

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns the stop signals into `Stopped` in the main thread, for as long as the context is open."""

    def __init__(self) -> None:
        self._held = 0
        self._pending: int | None = None
        self._previous: dict[int, object] = {}

    def __enter__(self) -> Interrupts:
        self._previous = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Signals wait until the block is done: nothing is started without being written down, and cleaning up ends."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if not self._held and self._pending is not None:
                number, self._pending = self._pending, None
                raise Stopped(number)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._held:
            self._pending = number
        else:
            raise Stopped(number)


@dataclass(frozen=True, slots=True)
class Child:
    """A process that the demo started; its group holds all its descendants."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def running(self) -> bool:
        """False once it has ended."""
        return self.popen.poll() is None

    def written(self) -> str:
        """What it has written so far, standard output first."""
        return "".join(path.read_text("utf-8", "replace") for path in (_output_of(self.log), self.log))

    def check(self) -> None:
        """Raise DemoError if it has ended."""
        if not self.running:
            raise DemoError(f"{self.name} ended early with exit code {self.popen.returncode}.", self.log)


class Processes:
    """Starts processes and stops all of them when the context closes, whatever the reason.

    Args:
        logs: directory of their log files.
        interrupts: held while a process is being started or stopped.
        grace: seconds from SIGTERM to SIGKILL.
    """

    def __init__(self, logs: Path, interrupts: Interrupts, grace: float = 20.0) -> None:
        self._logs = logs
        self._interrupts = interrupts
        self._grace = grace
        self._children: list[Child] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._interrupts.held():
            self.stop_all()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start `command`; its standard error goes to `<name>.log`, its standard output to `<name>.out`.

        Raises:
            DemoError: there is no such program.
        """
        log = self._logs / f"{name}.log"
        with self._interrupts.held(), log.open("wb") as errors, _output_of(log).open("wb") as output:
            try:
                popen = subprocess.Popen(
                    command,
                    env=dict(env),
                    cwd=self._logs,  # what a library drops into its working directory belongs among the logs
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    start_new_session=True,  # a Ctrl-C of the terminal reaches us only, and we stop the rest in order
                )
            except OSError as error:
                raise DemoError(f"{command[0]} cannot be started ({error.strerror}); run `make setup`.") from None
            child = Child(name, popen, log)
            self._children.append(child)
        return child

    def stop_all(self) -> None:
        """Stop every group, the newest first: SIGTERM to all, then SIGKILL to what is left after the grace."""
        children = list(reversed(self._children))
        self._children.clear()
        for child in children:
            _signal_group(child.popen.pid, signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        for child in children:
            while _group_alive(child) and time.monotonic() < deadline:
                time.sleep(0.05)
            if _group_alive(child):
                _signal_group(child.popen.pid, signal.SIGKILL)
            child.popen.wait()


def _output_of(log: Path) -> Path:
    return log.with_suffix(".out")


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _group_alive(child: Child) -> bool:
    child.popen.poll()  # reaps the leader
    for process in psutil.process_iter(["status"]):
        try:
            if os.getpgid(process.pid) == child.popen.pid and process.info["status"] != psutil.STATUS_ZOMBIE:
                return True
        except ProcessLookupError:
            continue
    return False

"""Counts the steps of a service's run and kills the process before the n-th. The service's own code is untouched.

Python imports a module of this name at its start if the folder is on PYTHONPATH: so the true console script runs, as
it is installed, and only the calls by which a process leaves a mark outside itself are counted: files opened for
writing, writes, fsync, mkdir, rename, unlink, rmdir, locks (below PROOF_ROOTS), and what is sent over a socket.
libpq's own traffic is not seen; it only reads, so dying at the step after it leaves the same world behind.

Environment:
    PROOF_ROOTS: directories whose files count, separated by `:`. Unset: nothing is done.
    PROOF_RECORD: a file that gets one line a step, before the step is taken.
    PROOF_KILL_AT: number of the step, from 1, before which SIGKILL is sent. A write is torn: half of it gets out.
    PROOF_ONLY: only steps whose labels begin so are counted.
    PROOF_BARRIER: `<word>:<folder>`: at its first step with that word in its label the process waits until as many as
        two have come to the folder (or 10 s), so that two replicas do it at once.
"""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import sys
import threading
import time
from typing import Any

_BARRIER_SECONDS = 10.0
_PLACES = (
    (r"_staging/[^/]+/[^/]+/part-.*", "staged part"),
    (r"_staging/[^/]+/[^/]+/_manifest\.json", "staged manifest"),
    (r"_staging/[^/]+/[^/]+", "staging directory"),
    (r"_staging.*|\.", "staging root"),
    (r"[^/]+/[^/]+/batch=[^/]+", "published batch"),
    (r"[^/]+(/customers)?", "folder of batches"),
)
_INBOX_PLACES = (
    (r"processing/.*/\.lock", "claim's lock"),
    (r"processing/.*/\.extracted", "claim's mark"),
    (r"processing/.*/\.rows.*", "draft of rejects"),
    (r"processing/\.[^/]+", "hidden claim"),
    (r"processing/[^/]+", "claim"),
    (r"processing/.*", "claimed file"),
    (r"archive.*", "archive"),
    (r"rejected.*", "rejects"),
    (r"[^/]*\.csv", "inbox file"),
    (r".*", "inbox"),
)


class Steps:
    """Takes note of each step; ends the process at the chosen one."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.roots = [os.path.realpath(root) for root in environment["PROOF_ROOTS"].split(":")]
        self._fatal = int(environment.get("PROOF_KILL_AT", "0"))
        record = environment.get("PROOF_RECORD")
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if record else None
        self._only = environment.get("PROOF_ONLY", "")
        self._word, _, self._meeting = environment.get("PROOF_BARRIER", "").partition(":")
        self._count = 0
        self._lock = threading.Lock()

    def take(self, label: str) -> bool:
        """Called before a step; True if the process is to die here (by `die`)."""
        if not label.startswith(self._only):
            return False
        with self._lock:
            self._count += 1
            if self._record is not None:
                _WRITE(self._record, f"{label}\n".encode())
            if self._word and self._word in label:
                self._word = ""
                self._meet()
            return self._count == self._fatal

    def before(self, label: str) -> None:
        """`take`, and die if it is time."""
        if self.take(label):
            die()

    def place(self, path: Any) -> str | None:
        """What a path is to a run; None if it is none of its business."""
        try:
            text = os.path.join(os.path.realpath(os.path.dirname(os.fspath(path))), os.path.basename(os.fspath(path)))
        except TypeError:
            return None
        for number, root in enumerate(self.roots):
            if text == root or text.startswith(root + "/"):
                inside = os.path.relpath(text, root)
                places = _INBOX_PLACES if number else _PLACES
                return next((name for pattern, name in places if re.fullmatch(pattern, inside)), "other file")
        return None

    def _meet(self) -> None:
        os.close(os.open(os.path.join(self._meeting, str(os.getpid())), os.O_CREAT | os.O_WRONLY))
        deadline = time.monotonic() + _BARRIER_SECONDS
        while len(os.listdir(self._meeting)) < 2 and time.monotonic() < deadline:
            time.sleep(0.001)


_WRITE = os.write


def die() -> None:
    """As the OOM killer does it: no handler, no `finally`, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def _watch_paths(steps: Steps) -> None:
    single = {"os.mkdir": "mkdir", "os.rmdir": "rmdir", "os.remove": "unlink", "shutil.rmtree": "rmtree"}

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            place = steps.place(path) if writes and not isinstance(path, int) else None
            if place:
                steps.before(f"open {place}")
        elif event == "os.rename":
            source, target = steps.place(arguments[0]), steps.place(arguments[1])
            if source or target:
                steps.before(f"rename {source} to {target}")
        elif event in single:
            path = os.fspath(arguments[0])
            relative = not os.path.isabs(path)  # rmtree works by directory descriptors
            place = "inside a directory" if relative else steps.place(path)
            if place:
                steps.before(f"{single[event]} {place}")
        elif event == "fcntl.flock":
            steps.before("lock a claim")

    sys.addaudithook(hook)


def _place_of(steps: Steps, descriptor: int) -> str | None:
    try:
        return steps.place(os.readlink(f"/proc/self/fd/{descriptor}"))
    except OSError:
        return None


def _watch_descriptors(steps: Steps) -> None:
    fsync, write = os.fsync, os.write

    def watched_fsync(fd: Any) -> None:
        place = _place_of(steps, fd)
        if place:
            steps.before(f"fsync {place}")
        fsync(fd)

    def watched_write(descriptor: int, data: Any) -> int:
        place = _place_of(steps, descriptor)
        if place and steps.take(f"write {place}"):
            write(descriptor, data[: len(data) // 2])
            die()
        return write(descriptor, data)

    os.fsync, os.write = watched_fsync, watched_write


def _watch_writers(steps: Steps) -> None:
    plain = io.open

    class Writer(io.BufferedWriter):
        place = ""

        def write(self, data: Any) -> int:
            if steps.take(f"write {self.place}"):
                super().write(data[: len(data) // 2])
                super().flush()
                die()
            return super().write(data)

    def watched_open(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        place = steps.place(file) if "b" in mode and set(mode) & set("wxa") and not isinstance(file, int) else None
        if not place:
            return plain(file, mode, *arguments, **options)
        writer = Writer(io.FileIO(file, mode.replace("b", "")))
        writer.place = place
        return writer

    io.open = watched_open


def _request(data: bytes) -> str:
    """The kind of an HTTP request, or `body`; never its path, which may name things."""
    line = bytes(data[:2000]).split(b"\r\n", 1)[0].decode("latin-1")
    if not line.endswith("HTTP/1.1"):
        return "send body"
    kind = re.search(r"(?:action|resource|mode)=(?:append|flush|directory|file\b|filesystem|legacy)", line)
    return f"send {line.split(' ')[0]}{' ' + kind.group().partition('=')[2] if kind else ''}"


def _watch_sockets(steps: Steps) -> None:
    for name in ("send", "sendall"):
        plain = getattr(socket.socket, name)

        def watched(self: Any, data: Any, *arguments: Any, plain: Any = plain) -> Any:
            if self.family != socket.AF_UNIX:
                steps.before(_request(bytes(data)))
            return plain(self, data, *arguments)

        setattr(socket.socket, name, watched)


if os.environ.get("PROOF_ROOTS"):
    _steps = Steps(dict(os.environ))
    _watch_descriptors(_steps)
    _watch_writers(_steps)
    _watch_sockets(_steps)
    _watch_paths(_steps)

"""Runs other programs. Secrets go in by `given` or by a file, never as an argument, which all users could list."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdp_actions.errors import ActionFailed
from cdp_actions.github_files import work_folder


@dataclass(frozen=True)
class Done:
    """What a program left."""

    code: int
    out: str
    err: str


def attempt(
    command: Sequence[str | Path],
    *,
    given: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Done:
    """Run a program, whatever comes of it. What it complains of is shown; what it prints is only returned.

    Raises:
        ActionFailed: it is not installed.
    """
    words = [str(word) for word in command]
    print("+", " ".join(words), file=sys.stderr, flush=True)
    try:
        done = subprocess.run(
            words, input=given or "", env={**os.environ, **(env or {})}, cwd=cwd, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise ActionFailed(
            f"{words[0]} is not installed", f"Look at the step that installs {words[0]}; on an own runner, install it."
        ) from None
    if done.stderr:
        print(done.stderr, end="", file=sys.stderr, flush=True)
    return Done(done.returncode, done.stdout, done.stderr)


def run(command: Sequence[str | Path], next_step: str, **options: Any) -> str:
    """What the program prints.

    Raises:
        ActionFailed: it ended with another code than 0; `next_step` is handed on.
    """
    done = attempt(command, **options)
    if done.code:
        name = " ".join(str(word) for word in command[:3])
        raise ActionFailed(f"{name} ended with {done.code}: {last_lines(done.err or done.out)}", next_step)
    return done.out


def run_json(command: Sequence[str | Path], next_step: str, **options: Any) -> Any:
    """What the program prints, read as JSON.

    Raises:
        ActionFailed: as `run`, or it printed something else.
    """
    text = run(command, next_step, **options)
    try:
        return json.loads(text)
    except ValueError:
        raise ActionFailed(f"{command[0]} did not answer in JSON", next_step) from None


def show(command: Sequence[str | Path], next_step: str, **options: Any) -> None:
    """Run a program and show what it prints; raises as `run`."""
    print(run(command, next_step, **options), end="", flush=True)


def pause(seconds: float) -> None:
    """Wait; CDP_PAUSE_SECONDS instead, where it is set: the dry run waits for nobody."""
    time.sleep(float(os.environ.get("CDP_PAUSE_SECONDS", seconds)))


def last_lines(text: str, count: int = 3) -> str:
    """The end of what a program said, on one line, without colours."""
    lines = [line.strip() for line in text.replace("\x1b", "").splitlines() if line.strip()]
    return " / ".join(lines[-count:])[:600] or "it said nothing"


@contextmanager
def private_file(content: str) -> Iterator[Path]:
    """A file that only this user can read, gone afterwards: how a secret is handed to a program."""
    descriptor, name = tempfile.mkstemp(dir=work_folder())  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)

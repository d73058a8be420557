"""Commands measured from outside: wall time with the process start in it, and the peak of resident memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_LAUNCHER = Path(__file__).with_name("launcher.py")
_SHOWN_OF_STDERR = 2000  # characters


class BenchmarkError(Exception):
    """A measured command failed; the text holds the end of its standard error."""


@dataclass(frozen=True, slots=True)
class Measured:
    """`seconds` from just before the process starts to its end; `peak_mb` in 10^6 bytes."""

    seconds: float
    peak_mb: float
    stdout: str


def measure(command: Sequence[str | Path], environment: Mapping[str, str], directory: Path) -> Measured:
    """Run `command` in `directory`.

    Raises:
        BenchmarkError: its exit code is not 0.
    """
    with TemporaryDirectory(prefix="bench-") as work:
        result, stdout = Path(work, "result.json"), Path(work, "stdout")
        launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(result), str(stdout)]
        done = subprocess.run(
            [*launcher, *map(str, command)], env=dict(environment), cwd=directory, stderr=subprocess.PIPE, text=True
        )
        found = json.loads(result.read_text()) if result.exists() else {"code": done.returncode}
        if found["code"] != 0:
            raise BenchmarkError(
                f"{Path(command[0]).name} ended with {found['code']}: {done.stderr[-_SHOWN_OF_STDERR:]}"
            )
        return Measured(found["seconds"], found["peak_bytes"] / 1e6, stdout.read_text(encoding="utf-8"))

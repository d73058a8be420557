"""Lakes, and one process at a time that takes them from raw to gold, with its time and memory."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.lakehouse_raw import RawMaker, Shape
from benchmarks.measured import BenchmarkError

_SCRIPTS = Path(sys.executable).parent
_REPOSITORY = Path(__file__).resolve().parent.parent
_SAMPLE_SECONDS = 0.25


@dataclass(frozen=True)
class Run:
    """One process: `seconds` of all of it, `inside` without its start, peak memory of it and its children."""

    seconds: float
    inside: float
    peak_mb: float


class LakehouseRuns:
    """Lakes below one folder, and what is run over them."""

    def __init__(self, work: Path, tell: Callable[[str], None]) -> None:
        self._work, self._tell = work, tell
        self._maker: RawMaker | None = None
        self._key = work / "token.key"
        self._key.write_text(secrets.token_hex(32))
        self.runs: dict[str, float] = {}

    def make(self, name: str, rows: int, shape: Shape = Shape()) -> int:
        self._tell(f"making raw of {rows:,} rows")
        self._maker = self._maker or RawMaker(rows)
        return self._maker.make(self._raw(name), rows, shape)

    def change(self, name: str, rows: int) -> Run:
        assert self._maker
        self._maker.add_changes(self._raw(name), rows)
        return self.job(name)

    def job(self, name: str) -> Run:
        """`etl-customers --layer all`, as it is by default."""
        self._tell(f"the job: {name}")
        command = [str(_SCRIPTS / "etl-customers"), "--layer", "all"]
        seconds, peak, said = _run(command, self._environment(name), self._work)
        summary = json.loads(Path(said.splitlines()[-1]).read_text(encoding="utf-8"))
        return self._kept(f"job, {name}", Run(seconds, sum(summary["timings"].values()), peak))

    def maintain(self, name: str) -> None:
        """`etl-customers-maintain`, which the platform runs once a day."""
        self._tell(f"maintenance: {name}")
        seconds, peak, _ = _run([str(_SCRIPTS / "etl-customers-maintain")], self._environment(name), self._work)
        self._kept(f"maintenance, {name}", Run(seconds, seconds, peak))

    def _environment(self, name: str) -> dict[str, str]:
        lake = self._lake(name)
        return {
            **os.environ,
            **{f"ETL_{layer.upper()}_PATH": str(lake / layer) for layer in ("raw", "bronze", "silver", "gold")},
            "ETL_RUNS_PATH": str(lake / "runs"),
            "ETL_TOKEN_KEY_FILE": str(self._key),
            "ETL_TOKEN_KEY_ID": "bench",
        }

    def other(self, kind: str, name: str) -> Run:
        """The script `lakehouse_<kind>.py`."""
        self._tell(f"{kind}: {name}")
        out = self._other(name, kind)
        module = [sys.executable, "-m", f"benchmarks.lakehouse_{kind}"]
        command = [*module, str(self._raw(name)), str(out), str(self._key)]
        seconds, peak, said = _run(command, dict(os.environ), _REPOSITORY)
        return self._kept(f"{kind}, {name}", Run(seconds, json.loads(said.splitlines()[-1])["seconds"], peak))

    def merges(self, name: str) -> Run:
        """What Delta's bare MERGEs of the newest run's results cost: `lakehouse_merges.py`."""
        self._tell(f"bare MERGEs: {name}")
        out = self._other(name, "merges")
        module, places = [sys.executable, "-m", "benchmarks.lakehouse_merges"], [str(self._lake(name)), str(out)]
        _run([*module, "prepare", *places], dict(os.environ), _REPOSITORY)
        seconds, peak, said = _run([*module, "run", *places], dict(os.environ), _REPOSITORY)
        shutil.rmtree(out)
        return self._kept(f"merges, {name}", Run(seconds, json.loads(said.splitlines()[-1])["seconds"], peak))

    def refuse_unequal(self, name: str, kind: str) -> None:
        """Compare the two results, then drop the other's."""
        self._tell(f"comparing with {kind}")
        out = self._other(name, kind)
        command = [sys.executable, "-m", "benchmarks.lakehouse_same", str(self._lake(name)), str(out)]
        _, _, said = _run(command, dict(os.environ), _REPOSITORY)
        differ = {table: rows for table, rows in json.loads(said.splitlines()[-1])["differ"].items() if rows}
        if differ:
            raise BenchmarkError(f"{kind} and the job differ in rows of {differ}: their speed cannot be compared")
        shutil.rmtree(out)

    def _lake(self, name: str) -> Path:
        return self._work / name.replace(" ", "-")

    def _raw(self, name: str) -> Path:
        return self._lake(name) / "raw"

    def _other(self, name: str, kind: str) -> Path:
        return self._lake(f"{name} {kind}")

    def _kept(self, what: str, run: Run) -> Run:
        number = sum(key.startswith(what) for key in self.runs)
        self.runs[f"{what}, run {number + 1}"] = round(run.inside, 2)
        self._tell(f"{what}: {run.inside:.1f} s, {run.peak_mb:,.0f} MB")
        return run


def _run(command: Sequence[str], environment: Mapping[str, str], directory: Path) -> tuple[float, float, str]:
    """Seconds, peak of memory in 10^6 bytes over the process and its children, and standard output."""
    started = time.perf_counter()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=dict(environment), cwd=directory, stdout=pipe, stderr=pipe, text=True) as child:
        peak = _Peak(child.pid)
        out, error = child.communicate()
        seconds = time.perf_counter() - started
        peak_mb = peak.stop()
    if child.returncode:
        raise BenchmarkError(f"{Path(command[0]).name} ended with {child.returncode}: {error[-2000:]}")
    return seconds, peak_mb, out


class _Peak:
    """Looks at a tree of processes from a thread; the kernel keeps each one's own peak only.

    By their proportional set size: of resident sizes, a Java that forks to run a command counts twice for a moment.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._most = pid, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._over.set()
        self._thread.join()
        return self._most / 1e6

    def _watch(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            try:
                root = psutil.Process(self._pid)
                tree = [root, *root.children(recursive=True)]
                self._most = max(self._most, sum(process.memory_full_info().pss for process in tree))
            except psutil.Error:
                continue

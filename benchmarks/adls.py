"""The ADLS writer against the SDK's own upload, on the tests' server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks.adls_write import CONTESTANTS, PART_BYTES, write_sample
from benchmarks.measured import BenchmarkError, measure
from benchmarks.results import Line, PartResult

_ROUNDS = 3
_GOAL_MB = 300
_ROWS_OF_A_PART = 250_000  # about 500 bytes each, as the demo's purchases have as JSON
_ROOT = Path(__file__).parents[1]
_SERVER = _ROOT / "microservices" / "kernel" / "tests"


@dataclass(frozen=True, slots=True)
class Written:
    """One contestant's turn: MB/s (10^6 bytes) of its writing, the peak of its process in MB."""

    rate: float
    peak_mb: float


def measure_adls(rows: int, console: Console) -> PartResult:
    """As many bytes as `rows` have, in parts of 128 MiB, at least one."""
    parts = max(1, rows // _ROWS_OF_A_PART)
    runs: dict[str, list[Written]] = {name: [] for name in CONTESTANTS}
    with TemporaryDirectory(prefix="bench-adls-") as work, dfs_server() as url, console.status("warming up") as status:
        write_sample(Path(work, "sample"))
        for name in CONTESTANTS:
            _write(name, url, 1, Path(work))
        for number in range(1, _ROUNDS + 1):
            status.update(f"round {number} of {_ROUNDS}")
            for name, found in runs.items():
                found.append(_write(name, url, parts, Path(work)))
    return _result(parts, runs)


@contextmanager
def dfs_server() -> Iterator[str]:
    """The server in a process of its own; what RAW_URL says for it."""
    command = [sys.executable, "-m", "fake_dfs"]
    environment = {**os.environ, "PYTHONPATH": str(_SERVER)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        try:
            url = process.stdout.readline().strip()
            if not url:
                raise BenchmarkError("the test server did not start")
            yield url
        finally:
            process.stdin.close()
            process.wait(timeout=30)


def _write(contestant: str, url: str, parts: int, work: Path) -> Written:
    script = Path(__file__).with_name("adls_write.py")
    done = measure([sys.executable, script, contestant, url, work / "sample", str(parts)], os.environ, work)
    return Written(parts * PART_BYTES / float(done.stdout) / 1e6, done.peak_mb)


def _result(parts: int, runs: dict[str, list[Written]]) -> PartResult:
    rates = {name: median(run.rate for run in found) for name, found in runs.items()}
    peaks = {name: median(run.peak_mb for run in found) for name, found in runs.items()}
    ours, peak = rates["ours"], peaks["ours"]
    goal = {"goal": f">= {_GOAL_MB} MB/s", "met": ours >= _GOAL_MB}
    size = f"{parts} x {PART_BYTES / 1e6:.0f} MB"
    lines = [
        Line(
            f"{size} against upload_data with its defaults, no checksum",
            "MB/s",
            ours,
            rates["upload_data"],
            ours / rates["upload_data"],
            **goal,  # type: ignore[arg-type]
        ),
        Line(
            f"{size} against upload_data with 8 MiB chunks and MD5, as ours",
            "MB/s",
            ours,
            rates["upload_data_checked"],
            ours / rates["upload_data_checked"],
        ),
        Line(
            "peak memory (other: upload_data with its defaults)",
            "MB",
            peak,
            peaks["upload_data"],
            peaks["upload_data"] / peak,
        ),
    ]
    facts = {
        "server": "the tests' own, a process on the same cores; it checks each MD5 and keeps all in memory",
        "ours also": "compares what is staged with the manifest and renames it into place",
    }
    singles = {name: [[run.rate, run.peak_mb] for run in found] for name, found in runs.items()}
    return PartResult("adls", "ADLS writer", lines, facts, {"mb_per_s, peak_mb": singles})

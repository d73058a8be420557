"""Many ingestions in one process of each service, and one large one: does memory grow, how much is needed?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
import psutil
from rich.console import Console

from benchmarks.adls import dfs_server
from benchmarks.measured import BenchmarkError
from benchmarks.results import Line, PartResult
from benchmarks.soak_worlds import SOURCES, World, settings_of, world_of

RUNS = 1000
_ROWS_A_RUN = 6
#: From here on nothing should be allocated for the first time: modules, pools, buffers.
_WARM = 200
_WINDOW = 100
_FLAT = 1.05
_START_SECONDS = 60.0
_RUN_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Soaked:
    """One service: resident memory in MB (10^6 bytes) after each run, and the peak of the large run."""

    resident: list[float]
    peak_mb: float

    @property
    def early(self) -> float:
        """The median of the first hundred warm runs."""
        return median(self.resident[_WARM : _WARM + _WINDOW])

    @property
    def late(self) -> float:
        """The median of the last hundred."""
        return median(self.resident[-_WINDOW:])


def measure_soak(rows: int, console: Console) -> PartResult:
    """A thousand small runs of each service, then one of a quarter of `rows`."""
    large = max(3, rows // 12 * 3)
    found: dict[str, Soaked] = {}
    with console.status("starting") as status:
        for source in SOURCES:

            def tell(done: int, name: str = source) -> None:
                status.update(f"{name}: {done} of {RUNS} runs")

            with TemporaryDirectory(prefix="bench-soak-") as work, dfs_server() as lake:
                folder = Path(work, source)
                folder.mkdir()
                with world_of(source, folder, lake) as world:
                    found[source] = soak(world, RUNS, large, tell)
    return _result(found, large)


def soak(world: World, runs: int, large: int, tell: Callable[[int], None]) -> Soaked:
    """`runs` ingestions of a few rows each in one process, each checked; then one of `large` rows.

    Raises:
        BenchmarkError: a run did not succeed, or took other rows than were added.
    """
    resident = []
    with _serving(world) as (client, process):
        for number in range(runs):
            world.add(_ROWS_A_RUN)
            _ingest(client, _ROWS_A_RUN)
            resident.append(process.memory_info().rss / 1e6)
            tell(number + 1)
        world.add(large)
        _ingest(client, large)
        return Soaked(resident, _peak_mb(process))


@contextmanager
def _serving(world: World) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """The service's `serve`, stopped at the end as a cluster stops it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    settings = {**kept, **settings_of(world), "PORT": "0", "LOG_LEVEL": "INFO"}
    log = world.work / "log"
    command = [str(Path(sys.executable).with_name(world.command)), "serve"]
    with log.open("w") as output:
        process = subprocess.Popen(command, env=settings, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{_port(process, log)}"
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            yield client, psutil.Process(process.pid)
        process.send_signal(signal.SIGTERM)
        if process.wait(timeout=30) != 0:
            raise BenchmarkError(f"{world.command} did not stop in order: {log.read_text()[-2000:]}")
    finally:
        process.kill()
        process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text().splitlines():
            if '"serving"' in line and line.endswith("}"):
                return int(json.loads(line)["port"])
        time.sleep(0.05)
    raise BenchmarkError(f"the service does not listen: {log.read_text()[-2000:]}")


def _ingest(client: httpx.Client, rows: int) -> None:
    place = client.post("/v1/ingestions", json={}).headers["Location"]
    deadline = time.monotonic() + _RUN_SECONDS
    while (run := client.get(place).json())["status"] in ("queued", "running"):
        if time.monotonic() > deadline:
            raise BenchmarkError(f"a run of {rows} rows goes on after {_RUN_SECONDS:.0f} s")
        time.sleep(0.01)
    if run["status"] != "succeeded" or run["rows_written"] != rows:
        raise BenchmarkError(f"{rows} rows were to be taken: {run}")


def _peak_mb(process: psutil.Process) -> float:
    """The kernel's own account of the largest resident set."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise BenchmarkError("the peak of memory is known on Linux only")


def _result(found: dict[str, Soaked], large: int) -> PartResult:
    lines = []
    for source, soaked in found.items():
        growth = soaked.late / soaked.early
        what = (
            f"{source}: resident memory, runs {RUNS - _WINDOW + 1} to {RUNS} (other: {_WARM + 1} to {_WARM + _WINDOW})"
        )
        goal = f"<= {_FLAT} x (flat)"
        lines.append(Line(what, "MB", soaked.late, soaked.early, soaked.early / soaked.late, goal, growth <= _FLAT))
        lines.append(Line(f"{source}: peak, after one more run of {large:,} rows", "MB", soaked.peak_mb))
    facts = {
        "each service": f"one process, {RUNS} ingestions of {_ROWS_A_RUN} rows asked for over HTTP, each checked",
        "lake": "the tests' ADLS server through Microsoft's SDK; the CSV service's inbox too",
        "limits": "memory of the charts is twice the peak, up to the next 64 Mi",
    }
    runs = {source: [round(value, 1) for value in soaked.resident[::10]] for source, soaked in found.items()}
    peaks = {source: round(soaked.peak_mb, 1) for source, soaked in found.items()}
    return PartResult("soak", "Soak", lines, facts, {"resident_mb_every_10th_run": runs, "peak_mb": peaks})

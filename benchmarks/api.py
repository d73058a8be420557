"""The API service against a bare httpx loop with the same prefetch, and its memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from demo.partner_api import SERVICE_SETTINGS
from demo.synthetic import PARTNER_FILE, write_dataset
from rich.console import Console

from benchmarks.measured import BenchmarkError, measure
from benchmarks.results import Line, PartResult
from benchmarks.sample_rows import SEED

_ROUNDS = 5
_PAGE_SIZE = 500
_GOAL = 0.9
_MEMORY_GOAL_MB = 100


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk over all pages: `whole` seconds of the process, `inner` without its start, the peak in MB."""

    whole: float
    inner: float
    peak_mb: float


class Contestants:
    """Each reads all pages of one server into a directory of its own, which is removed after it."""

    def __init__(self, url: str, rows: int, work: Path) -> None:
        self._url = url
        self._rows = rows
        self._work = work
        self._clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
        self._service = Path(sys.executable).parent / "api-ingestion"

    def service(self) -> Walk:
        """The service's command with its default settings and the sample partner's, into a fresh lake."""
        with TemporaryDirectory(dir=self._work) as name:
            directory = Path(name)
            settings = {**SERVICE_SETTINGS, "API_AUTH": "none", "API_URL": self._url, "RAW_URL": str(directory / "raw")}
            settings["API_DEADLINE_SECONDS"] = "3600"
            done = measure([self._service, "ingest"], {**self._clean, **settings}, directory)
            found = json.loads(done.stdout)
            self._expect(found["rows_written"], "the service")
            began, ended = (datetime.fromisoformat(found[name]) for name in ("started_at", "finished_at"))
            return Walk(done.seconds, (ended - began).total_seconds(), done.peak_mb)

    def bare(self) -> Walk:
        """`api_bare.py`: neither mapped, checked, hashed, synced to the disk nor resumable."""
        with TemporaryDirectory(dir=self._work) as name:
            directory = Path(name)
            script, file = Path(__file__).with_name("api_bare.py"), directory / "rows.jsonl"
            command: list[str | Path] = [sys.executable, script, self._url, file]
            done = measure(command, self._clean, directory)
            rows, seconds = done.stdout.split()
            self._expect(int(rows), "the bare loop")
            return Walk(done.seconds, float(seconds), done.peak_mb)

    def _expect(self, found: int, who: str) -> None:
        if found != self._rows:
            raise BenchmarkError(f"{who} took {found} rows of {self._rows}")


def measure_api(rows: int, console: Console) -> PartResult:
    """`rows` over all synthetic sources, of which the partner has its share."""
    runs: dict[str, list[Walk]] = {"service": [], "bare": []}
    with TemporaryDirectory(prefix="bench-api-") as name, console.status("making pages") as status:
        work = Path(name)
        count = _sorted_records(work, rows)
        with _serving(work / PARTNER_FILE) as url:
            contestants = Contestants(url, count, work)
            contestants.service()  # warms the disk's cache for programs
            contestants.bare()
            for number in range(1, _ROUNDS + 1):
                status.update(f"round {number} of {_ROUNDS}")
                runs["bare"].append(contestants.bare())
                runs["service"].append(contestants.service())
    return _result(count, runs)


def _result(count: int, runs: dict[str, list[Walk]]) -> PartResult:
    inner = {name: count / median(run.inner for run in found) / 1000 for name, found in runs.items()}
    whole = {name: count / median(run.whole for run in found) / 1000 for name, found in runs.items()}
    peaks = {name: median(run.peak_mb for run in found) for name, found in runs.items()}
    ratio = inner["service"] / inner["bare"]
    what = f"records/s against a bare httpx loop, {count:,} records, process start"
    lines = [
        Line(f"{what} excluded", "k/s", inner["service"], inner["bare"], ratio, f">= {_GOAL} x", ratio >= _GOAL),
        Line(f"{what} included", "k/s", whole["service"], whole["bare"], whole["service"] / whole["bare"]),
        Line(
            f"peak memory, {count:,} records (other: the bare loop)",
            "MB",
            peaks["service"],
            peaks["bare"],
            peaks["bare"] / peaks["service"],
            f"< {_MEMORY_GOAL_MB} MB",
            peaks["service"] < _MEMORY_GOAL_MB,
        ),
    ]
    facts = {
        "both": f"pages of {_PAGE_SIZE} records by cursor, one fetched ahead, from a server in its own process",
        "the service also": "maps to the contract, keeps the digits of numbers, guards, hashes, syncs and publishes",
    }
    singles = {name: [[run.whole, run.inner, run.peak_mb] for run in found] for name, found in runs.items()}
    return PartResult("api", "API service", lines, facts, {"whole_s, inner_s, peak_mb": singles})


def _sorted_records(work: Path, rows: int) -> int:
    """Write the partner's records, oldest change first as its API gives them; returns how many."""
    write_dataset(work, rows, SEED)
    file = work / PARTNER_FILE
    lines = file.read_text(encoding="utf-8").splitlines()
    lines.sort(key=lambda line: str(json.loads(line)["updated_at"]))
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(lines)


@contextmanager
def _serving(file: Path) -> Iterator[str]:
    command = [sys.executable, str(Path(__file__).with_name("api_server.py")), str(file), str(_PAGE_SIZE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/"
        finally:
            server.terminate()

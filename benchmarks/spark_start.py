"""The start of a Spark session whose jars were resolved once, against one that asks Ivy each time."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks.measured import measure
from benchmarks.results import Line, PartResult

_ROUNDS = 3
_SCRIPT = Path(__file__).with_name("start_session.py")


def measure_spark_start(rows: int, console: Console) -> PartResult:
    """Each start in a new process, to the end of a first, trivial query; `rows` plays no part."""
    runs: dict[str, list[float]] = {"resolved once": [], "Ivy at each start": []}
    how = dict(zip(runs, ("jars", "packages"), strict=True))
    with TemporaryDirectory(prefix="bench-spark-") as work, console.status("filling Ivy's cache") as status:
        for number in range(_ROUNDS + 1):
            for name, seconds in runs.items():
                seconds.append(_start(how[name], Path(work)))
            status.update(f"round {number + 1} of {_ROUNDS}")
    measured = {name: seconds[1:] for name, seconds in runs.items()}  # the first filled the caches
    ours, ivy = (median(seconds) for seconds in measured.values())
    line = Line("Spark's start against spark.jars.packages", "s", ours, ivy, ivy / ours, "> 1 x", ivy > ours)
    facts = {"both": "new process, imports and a first query of one row included, Ivy's cache warm, its own defaults"}
    return PartResult("spark-start", "Spark's start", [line], facts, {"seconds": measured})


def _start(how: str, work: Path) -> float:
    return measure([sys.executable, str(_SCRIPT), how], os.environ, work).seconds

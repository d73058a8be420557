"""Raw to gold: the job against the same result in DuckDB and in the usual tutorial job; then changes, idle and skew."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks.lakehouse_raw import Shape
from benchmarks.lakehouse_runs import LakehouseRuns, Run
from benchmarks.results import Line, PartResult

_SHARE_CHANGED = 100  # one row of so many
_DUCKDB_GOAL, _TUTORIAL_GOAL = 3, 3
_CHANGE_GOAL = 0.05
_IDLE_SECONDS, _MEMORY_MB, _SKEW = 15, 6000, 3


def measure_lakehouse(rows: int, console: Console) -> PartResult:
    """A lake of `rows` rows against both; then a run over 1 % change, an idle run, and a lake of one store."""
    with TemporaryDirectory(prefix="bench-lakehouse-") as work:
        bench = LakehouseRuns(Path(work), console.log)
        count = bench.make("uniform", rows)
        ours, duckdb = bench.job("uniform"), bench.other("duckdb", "uniform")
        bench.refuse_unequal("uniform", "duckdb")
        tutorial = bench.other("tutorial", "uniform")
        bench.refuse_unequal("uniform", "tutorial")
        bench.maintain("uniform")
        changed = bench.change("uniform", rows // _SHARE_CHANGED)
        merges, idle = bench.merges("uniform"), bench.job("uniform")
        bench.make("one store", rows, Shape(one_store=True))
        skewed = bench.job("one store")
    lines = [
        _against("DuckDB", count, ours, duckdb, _DUCKDB_GOAL if rows >= 10_000_000 else None),
        _faster("the tutorial job", count, ours, tutorial),
        *_own_lines(count, ours, changed, idle),
        Line(
            "run over 1 % change against Delta's bare MERGEs of its results",
            "s",
            changed.inside,
            merges.inside,
            merges.inside / changed.inside,
        ),
        Line(
            "one store with all rows / uniform, first load",
            "s",
            skewed.inside,
            ours.inside,
            ours.inside / skewed.inside,
            f"<= {_SKEW} x",
            skewed.inside <= _SKEW * ours.inside,
        ),
    ]
    facts = _FACTS | {"bare MERGEs": "five, of rows that are there: no raw, rules, aggregates or looks at the result"}
    return PartResult("lakehouse", "Raw to gold", lines, facts, {"seconds": bench.runs})


def measure_lakehouse_large(rows: int, console: Console) -> PartResult:
    """Ten times `rows`, against DuckDB; a run over the same number of changed rows as in a tenth of the lake."""
    with TemporaryDirectory(prefix="bench-lakehouse-") as work:
        bench = LakehouseRuns(Path(work), console.log)
        bench.make("small", rows)
        bench.job("small")
        bench.maintain("small")
        small = bench.change("small", rows // _SHARE_CHANGED)
        count = bench.make("large", 10 * rows)
        ours, duckdb = bench.job("large"), bench.other("duckdb", "large")
        bench.refuse_unequal("large", "duckdb")
        bench.maintain("large")
        large = bench.change("large", rows // _SHARE_CHANGED)
        changed, idle = bench.change("large", 10 * rows // _SHARE_CHANGED), bench.job("large")
    few, many = small.inside, large.inside
    lines = [
        _against("DuckDB", count, ours, duckdb, _DUCKDB_GOAL),
        *_own_lines(count, ours, changed, idle),
        Line(
            f"{rows // _SHARE_CHANGED:,} changed rows: lake of {count:,} / of a tenth",
            "s",
            many,
            few,
            few / many,
            "<= 1.3 x",
            many <= 1.3 * few,
        ),
    ]
    return PartResult("lakehouse-large", "Raw to gold, ten times the rows", lines, _FACTS, {"seconds": bench.runs})


def measure_tutorial_large(rows: int, console: Console) -> PartResult:
    """Ten times `rows`, against the tutorial job: a part of its own, as that alone takes half an hour."""
    with TemporaryDirectory(prefix="bench-lakehouse-") as work:
        bench = LakehouseRuns(Path(work), console.log)
        count = bench.make("large", 10 * rows)
        ours, tutorial = bench.job("large"), bench.other("tutorial", "large")
        bench.refuse_unequal("large", "tutorial")
    lines = [_faster("the tutorial job", count, ours, tutorial)]
    facts = {name: _FACTS[name] for name in ("all", "equal")}
    return PartResult("tutorial-large", "Raw to gold against the tutorial job", lines, facts, {"seconds": bench.runs})


_FACTS = {
    "all": "a process each, two threads; Spark's or DuckDB's start excluded unless said; one run each",
    "equal": "gold and customers, row by row, in the columns that all have; rejected rows only by their number",
    "DuckDB": "writes Parquet once, without history, merge, metrics or change feed",
    "changes": "half newer versions of the newest purchases, half new ones, after one run of the daily maintenance",
}


def _own_lines(count: int, first: Run, changed: Run, idle: Run) -> list[Line]:
    share = changed.inside / first.inside
    return [
        Line(
            f"run over {100 / _SHARE_CHANGED:.0f} % change / first load of {count:,} rows",
            "s",
            changed.inside,
            first.inside,
            1 / share,
            f"<= {_CHANGE_GOAL:.0%}",
            share <= _CHANGE_GOAL,
        ),
        Line(
            "idle rerun, Spark's start included",
            "s",
            idle.seconds,
            goal=f"< {_IDLE_SECONDS} s",
            met=idle.seconds < _IDLE_SECONDS,
        ),
        Line(
            f"peak memory of the first load of {count:,} rows",
            "MB",
            first.peak_mb,
            goal=f"< {_MEMORY_MB:,} MB",
            met=first.peak_mb < _MEMORY_MB,
        ),
    ]


def _against(other: str, count: int, ours: Run, theirs: Run, most: int | None) -> Line:
    rates = [count / run.inside / 1000 for run in (ours, theirs)]
    goal = f"time <= {most} x" if most else ""
    met = ours.inside <= most * theirs.inside if most else None
    return Line(f"first load of {count:,} rows against {other}", "k/s", *rates, rates[0] / rates[1], goal, met)


def _faster(other: str, count: int, ours: Run, theirs: Run) -> Line:
    rates = [count / run.inside / 1000 for run in (ours, theirs)]
    ratio = rates[0] / rates[1]
    what = f"first load of {count:,} rows against {other}"
    return Line(what, "k/s", *rates, ratio, f">= {_TUTORIAL_GOAL} x", ratio >= _TUTORIAL_GOAL)

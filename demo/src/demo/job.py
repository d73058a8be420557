"""Runs the Spark job and the leak scan as the commands they are, and reads what they leave."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status

from demo.errors import DemoError
from demo.processes import Child, Processes
from demo.services import clean_environment, program
from demo.workspace import Workspace

_POLL_SECONDS = 0.1
REPORT_FILE = "report.html"
LEAK_FILE = "leak-scan.json"
_LEAK_EXITS = {0: "clean", 1: "leak", 2: "no proof"}


def run_job(space: Workspace, processes: Processes, console: Console) -> dict[str, Any]:
    """Run `etl-customers --layer all` and return its summary.

    Raises:
        DemoError: it failed; the text says of what.
    """
    lake = space.lake
    environment = {
        **clean_environment(),
        **{f"ETL_{layer.upper()}_PATH": str(lake / layer) for layer in ("raw", "bronze", "silver", "gold")},
        "ETL_TOKEN_KEY_FILE": str(space.secret("token.key")),
        "ETL_TOKEN_KEY_ID": "demo-1",
        "ETL_SHOW_SAMPLE": "true",
        "ETL_RUNS_PATH": str(space.report / "runs"),
    }
    command = [program("etl-customers"), "--layer", "all", "--report", str(space.report / REPORT_FILE)]
    with console.status("starting Spark") as status:
        child = processes.start("etl-customers", command, environment)
        _watch(child, status)
    if child.popen.returncode:
        raise DemoError(f"The job failed with exit code {child.popen.returncode}. {_fault(child.log)}", child.log)
    lines = child.log.with_suffix(".out").read_text(encoding="utf-8").splitlines()
    try:
        summary: dict[str, Any] = json.loads(Path(lines[-1]).read_text(encoding="utf-8"))
    except (IndexError, OSError, ValueError):
        raise DemoError("The job left no summary.", child.log) from None
    return summary


def scan_for_leaks(space: Workspace, processes: Processes, console: Console) -> dict[str, Any]:
    """Run the leak scan over all that lies past bronze and return its result.

    Raises:
        DemoError: it did not run to its end.
    """
    result = space.report / LEAK_FILE
    result.unlink(missing_ok=True)
    targets = (space.lake / "silver", space.lake / "gold", space.logs, space.report)
    scanned = [option for target in targets for option in ("--scan", str(target))]
    bronze = str(space.lake / "bronze" / "customers")
    command = [program("etl-customers-leak-scan"), "--bronze", bronze, *scanned, "--json", str(result)]
    with console.status("searching silver, gold, quarantine, logs and report"):
        child = processes.start("leak-scan", command, clean_environment())
        while child.running:
            time.sleep(_POLL_SECONDS)
    if child.popen.returncode not in _LEAK_EXITS or not result.exists():
        raise DemoError(f"The leak scan failed with exit code {child.popen.returncode}.", child.log)
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found


def _watch(child: Child, status: Status) -> None:
    """Show the newest event of the job's log until it ends."""
    started = time.monotonic()
    with child.log.open(encoding="utf-8", errors="replace") as log:
        event = "starting Spark"
        while child.running:
            event = _event(log.readlines()) or event
            status.update(f"{event} ({time.monotonic() - started:.0f} s)")
            time.sleep(_POLL_SECONDS)


def _event(lines: Sequence[str]) -> str | None:
    for line in reversed(lines):
        fields = _fields(line)
        if fields.get("event"):
            return " ".join(str(fields[name]) for name in ("layer", "event") if fields.get(name)).replace("_", " ")
    return None


def _fault(log: Path) -> str:
    """What the job says of its failure: code, message and advice of its last error line."""
    for line in reversed(log.read_text(encoding="utf-8", errors="replace").splitlines()):
        fields = _fields(line)
        if fields.get("level") == "error":
            return ". ".join(str(fields[name]) for name in ("code", "message", "kind", "advice") if fields.get(name))
    return "Its log does not say why."


def _fields(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:  # the Java side writes plain text
        return {}
    return found if isinstance(found, dict) else {}

"""The README's tables of metrics, log events and log fields say what the code does, no more and no less."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from ingestion_kernel.infrastructure.telemetry.prometheus import PrometheusTelemetry

KERNEL = Path(__file__).resolve().parents[1]
README = (KERNEL / "README.md").read_text(encoding="utf-8")
SOURCES = sorted((KERNEL / "src").rglob("*.py"))
LEVELS = {"debug", "info", "warning", "error", "critical"}

#: Fields that no call of a logger names: processors of the log add them, and the contexts of a run and a span.
ADDED = {
    *("timestamp", "level", "logger", "service", "event", "exception"),
    *("run_id", "source", "trace_id", "span_id"),
}


def table(heading: str) -> list[list[str]]:
    """The cells of the table with that first column, its heading left out."""
    _, _, rest = README.partition(f"\n| {heading} |")
    assert rest, f"no table {heading}"
    lines = rest.split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


class Calls(ast.NodeVisitor):
    """The events and fields that a file logs by structlog."""

    def __init__(self) -> None:
        self.events: set[tuple[str, str]] = set()
        self.fields: set[str] = set()

    def visit_Call(self, call: ast.Call) -> None:
        self.generic_visit(call)
        function = call.func
        if not isinstance(function, ast.Attribute) or function.attr not in {*LEVELS, "bind"}:
            return
        receiver = ast.unparse(function.value)
        if not (receiver in ("_log", "log") or receiver.startswith("structlog.")):
            return
        assert all(keyword.arg for keyword in call.keywords), f"fields of {ast.unparse(call)} cannot be seen"
        self.fields |= {keyword.arg for keyword in call.keywords if keyword.arg not in (None, "exc_info")}
        if function.attr in LEVELS:
            (event,) = call.args
            assert isinstance(event, ast.Constant), f"the event of {ast.unparse(call)} cannot be seen"
            self.events.add((str(event.value), function.attr))


def logged() -> Calls:
    calls = Calls()
    for source in SOURCES:
        calls.visit(ast.parse(source.read_text(encoding="utf-8")))
    return calls


def test_every_metric_is_in_the_table_with_its_type_and_labels() -> None:
    metrics = PrometheusTelemetry("csv", "1")
    metrics._errors.labels("csv", "X")
    code = {}
    for family in metrics.registry.collect():
        if family.name.startswith("ingestion_"):
            ending = {"counter": "_total", "info": "_info"}.get(family.type, "")
            labels = {label for sample in family.samples for label in sample.labels} - {"source", "le"}
            code[family.name + ending] = (family.type, labels)
    assert {row[0].strip("`"): (row[1], names(row[2])) for row in table("Metric")} == code


def test_every_event_is_in_the_table_with_its_levels() -> None:
    documented = {(row[0].strip("`"), level) for row in table("Event") for level in row[1].split(", ")}
    assert documented == logged().events


def test_every_field_is_in_the_table() -> None:
    documented = {name for row in table("Field") for name in names(row[0])}
    assert documented == logged().fields | ADDED


def test_the_settings_are_in_the_table() -> None:
    from ingestion_kernel.infrastructure.config.settings import KernelSettings

    fields = KernelSettings.model_fields
    rows = {row[0].strip("`").lower(): row[1].strip("`") for row in table("Variable")}
    assert set(rows) == set(fields)
    for name, default in rows.items():
        expected = "required" if fields[name].is_required() else fields[name].default
        assert default == ("none" if expected is None else str(expected)), name

"""What the demo prints: tables made of the services' runs, the job's summary and the ledger of what was planted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table

_OK, _BAD = "[green]✓[/green]", "[red]✗[/red]"


def volume(raw_rows: Mapping[str, int], runs: Mapping[Any, Any], summary: Mapping[str, Any]) -> Table:
    """Rows per source: in raw altogether, what this run's ingestion did, and what the job made of what was new."""
    table = _table("Volume per source")
    table.add_column("source")
    table.add_column("in raw", justify="right")
    for name in ("new", "rejected", "batches", "known"):
        table.add_column(name, justify="right")
    for name in ("job read", "written", "duplicate", "stale", "quarantined"):
        table.add_column(name, justify="right", style="cyan")
    for source, run in runs.items():
        job = summary.get("sources", {}).get(source, {})
        table.add_row(
            str(source),
            _number(raw_rows.get(source, 0)),
            *(_number(run.get(name, 0)) for name in ("rows_written", "rows_rejected")),
            _number(len(run.get("batches", ()))),
            _number(run.get("duplicates", 0)),
            *(_number(job.get(name, 0)) for name in ("read", "written", "duplicate", "stale", "quarantined")),
        )
    table.caption = "known: batches whose content raw had already"
    return table


def quarantine(planted: Mapping[str, Any], summary: Mapping[str, Any]) -> tuple[Table, bool]:
    """Rows in quarantine by reason beside those planted; False if they differ."""
    found: Counter[str] = Counter()
    for row in summary.get("quarantine", ()):
        reason = f"{row['rule']} ({row['column']})" if row.get("column") else row["rule"]
        found[reason] += row["rows"]
    table = _table("Quarantine by reason")
    table.add_column("reason")
    for name in ("rows", "planted"):
        table.add_column(name, justify="right")
    table.add_column("")
    expected: Mapping[str, int] = planted["reasons"]
    for reason in sorted(found.keys() | expected.keys(), key=lambda r: (-found[r], r)):
        same = found[reason] == expected.get(reason, 0)
        table.add_row(reason, _number(found[reason]), _number(expected.get(reason, 0)), _OK if same else _BAD)
    return table, dict(+found) == dict(expected)


def quality(summary: Mapping[str, Any]) -> Table:
    """The verdicts of the contract's rules that were judged."""
    table = _table("Quality")
    for name in ("rule", "source"):
        table.add_column(name)
    table.add_column("value", justify="right")
    for name in ("must be", "verdict"):
        table.add_column(name)
    for row in summary.get("quality", ()):
        if row["outcome"] != "not_judged":
            value = f"{row['value']:.1f} {row['unit']}"
            table.add_row(row["rule"], row["source"], value, row["threshold"], row["outcome"])
    return table


def top_stores(summary: Mapping[str, Any], limit: int = 5) -> Table:
    """The stores with most purchases, from gold."""
    table = _table("Top stores")
    table.add_column("store")
    for name in ("currency", "purchases", "revenue"):
        table.add_column(name, justify="right")
    for row in summary.get("top_stores", ())[:limit]:
        money = f"{float(row.get('revenue') or 0):,.2f}"
        table.add_row(
            str(row.get("store_location") or "-"), str(row.get("currency")), _number(row.get("purchases")), money
        )
    return table


def customer(summary: Mapping[str, Any]) -> Table:
    """One golden record, as silver shows it: masked, each field with the source and the rule that gave it."""
    table = _table("A customer of silver.customers")
    table.add_column("column")
    table.add_column("value", overflow="fold")
    table.add_column("from")
    record = dict(summary.get("sample_customer", {}))
    lineage = record.pop("lineage", {})
    for name, value in record.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        origin = lineage.get(name) or {}
        given = f"{origin['source']} ({origin['rule']})" if origin else ""
        table.add_row(name, f"{shown[:16]}…" if name == "cpf_token" else shown, given)
    return table


def reconciliation(planted: Mapping[str, Any], summary: Mapping[str, Any]) -> tuple[Table, bool]:
    """The job's sums, and silver's tables against what was planted; False if something is missing."""
    sums, tables = summary.get("reconciliation", {}), summary.get("tables", {})
    table = _table("Reconciliation")
    table.add_column("what")
    table.add_column("rows", justify="right")
    table.add_column("must be", justify="right")
    table.add_column("")
    outcomes = [name for name in sums if name not in ("read", "unaccounted")]
    checks = [(f"read = {' + '.join(outcomes)}", sums.get("read", 0), sum(sums[name] for name in outcomes))]
    for name, key in (("silver.purchases", "purchases"), ("silver.customers", "customers")):
        checks.append((name, tables.get(name, {}).get("rows", 0), planted[key]))
    received = sum(source["raw_rows"] for source in planted["sources"].values())
    checks.append(("bronze.customers", tables.get("bronze.customers", {}).get("rows", 0), received))
    for what, rows, expected in checks:
        table.add_row(what, _number(rows), _number(expected), _OK if rows == expected else _BAD)
    return table, all(rows == expected for _, rows, expected in checks)


def versions(before: Mapping[str, int], after: Mapping[str, int], summary: Mapping[str, Any]) -> Table:
    """Version of each Delta table before and after this run, with its rows."""
    table = _table("Delta tables")
    table.add_column("table")
    for name in ("rows", "version before", "after"):
        table.add_column(name, justify="right")
    table.add_column("")
    rows = summary.get("tables", {})
    for name in sorted(after):
        old = before.get(name)
        change = "[dim]unchanged[/dim]" if old == after[name] else "new" if old is None else "changed"
        count = rows.get(name, {}).get("rows")
        table.add_row(name, _number(count), "-" if old is None else str(old), str(after[name]), change)
    return table


def timings(phases: Mapping[str, float], summary: Mapping[str, Any]) -> Table:
    """Seconds of each phase, those within the job indented."""
    table = _table("Timings")
    table.add_column("phase")
    table.add_column("seconds", justify="right")
    for phase, seconds in phases.items():
        table.add_row(phase, f"{seconds:.1f}")
        if phase == "job":
            for layer, inner in summary.get("timings", {}).items():
                table.add_row(f"  {layer}", f"{inner:.1f}", style="dim")
    table.add_row("all", f"{sum(phases.values()):.1f}", style="bold")
    return table


def leaks(result: Mapping[str, Any]) -> Table:
    """Where the leak scan looked and what it found: places and counts, never a value."""
    found: Counter[str] = Counter()
    for hit in result["hits"]:
        found[hit["kind"]] += hit["count"]
    table = _table("Leak scan")
    searched = ", ".join(f"{count:,} {name}" for name, count in result["values"].items())
    table.caption = f"searched for: {searched}"
    table.add_column("where")
    table.add_column("files", justify="right")
    table.add_column("clear values", justify="right")
    table.add_column("")
    for kind, files in result["files"].items():
        table.add_row(kind, _number(files), _number(found[kind]), _BAD if found[kind] else _OK)
    return table


def _table(title: str) -> Table:
    title = f"[bold]{title}[/bold]"
    return Table(title=title, title_justify="left", title_style="", caption_justify="left", box=box.SIMPLE_HEAD)


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:,}"

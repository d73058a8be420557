"""Writes the report of a run: one HTML file that needs no network. It shows masked values only."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from etl_customers.report import charts
from etl_customers.summary import Summary


def write_report(summary: Summary, path: Path) -> None:
    """Write the report of `summary` to `path`."""
    environment = Environment(
        loader=PackageLoader("etl_customers", "report"), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("report.html").render(
        summary=summary, plots=_plots(summary), history=summary.all_runs, outcomes=list(charts.COLOURS)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _plots(summary: Summary) -> dict[str, str]:
    plots = {}
    if summary.all_runs:
        plots["sources"] = charts.outcomes_by_source(summary.all_runs)
    if summary.quarantine:
        reasons: dict[str, int] = {}
        for row in summary.quarantine:
            reason = f"{row['rule']} ({row['column']})" if row["column"] else row["rule"]
            reasons[reason] = reasons.get(reason, 0) + row["rows"]
        plots["reasons"] = charts.bars(list(reasons), list(reasons.values()), "rows in quarantine")
    stores = [row for row in summary.top_stores if row["store_location"] and row["currency"] == "BRL"]
    if stores:
        names = [row["store_location"] for row in stores]
        plots["stores"] = charts.bars(names, [float(row["revenue"]) for row in stores], "revenue, BRL")
    months = [row for row in summary.months if row["currency"] == "BRL"]
    if months:
        labels = [str(row["month"])[:7] for row in months]
        plots["months"] = charts.line(labels, [float(row["revenue"]) for row in months], "revenue, BRL")
    return plots

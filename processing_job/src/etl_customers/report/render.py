"""Writes the report of a run: one HTML file that needs no network. It shows masked values and figures only."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from customer_contract import Contract
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from etl_customers.job import Layer
from etl_customers.lineage import Lineage
from etl_customers.quality.history import History
from etl_customers.report import charts, trends
from etl_customers.summary import Summary

#: A report of more raw batches would be a list, not a page.
_SHOWN_BATCHES = 40


def write_report(path: Path, summary: Summary, history: History, lineage: Lineage, contract: Contract) -> None:
    """Write the report to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report(summary, history, lineage, contract), encoding="utf-8")


def report(summary: Summary, history: History, lineage: Lineage, contract: Contract) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("etl_customers", "report"), autoescape=True, undefined=StrictUndefined
    )
    finished = datetime.fromisoformat(summary.finished_at).timestamp()
    over_runs = trends.totals(history)
    return environment.get_template("report.html").render(
        summary=summary,
        # A run of gold alone has no figures of rows: another task of the same run has.
        took_rows=Layer.SILVER in summary.timings,
        plots=_plots(summary, history, over_runs),
        revenue=[_revenue(summary, currency) for currency in contract.currencies],
        totals=over_runs,
        runs=len(history.steps),
        outcomes=list(charts.COLOURS),
        freshness=trends.freshness(contract, history, finished),
        lineage=lineage,
        shown_batches=_SHOWN_BATCHES,
    )


def _plots(summary: Summary, history: History, over_runs: dict[str, dict[str, int]]) -> dict[str, Markup]:
    plots = {}
    if over_runs:
        plots["sources"] = charts.outcomes_by_source(over_runs, "What became of each source's rows, all runs on record")
        plots["rows"] = charts.over_runs(trends.rows_read(history), "rows read", "Rows read by run and source")
        share = trends.quarantined_share(history)
        plots["shares"] = charts.over_runs(share, "quarantined, %", "Share of rows in quarantine by run and source")
    ages = trends.arrival_ages(history)
    if ages.labels:
        plots["ages"] = charts.over_runs(ages, "hours", "Hours since the newest row arrived, by run and source")
    reasons = _reasons(summary)
    if reasons:
        plots["reasons"] = charts.bars(reasons, "rows in quarantine", "Rows in quarantine by reason")
    return {name: Markup(plot) for name, plot in plots.items()}


def _revenue(summary: Summary, currency: str) -> dict[str, Markup]:
    """In one currency, as amounts of two have no common scale; no plot where there is none."""
    plots, ylabel = {}, f"revenue, {currency}"
    months = [row for row in summary.months if row["currency"] == currency]
    if months:
        monthly = trends.Trend([str(row["month"])[:7] for row in months], {"": [float(r["revenue"]) for r in months]})
        plots["months"] = charts.over_runs(monthly, ylabel, f"Revenue by month, {currency}")
    stores = [row for row in summary.top_stores if row["store_location"] and row["currency"] == currency]
    if stores:
        revenue = {row["store_location"]: float(row["revenue"]) for row in stores}
        plots["stores"] = charts.bars(revenue, ylabel, f"Revenue of the stores with most purchases, {currency}")
    return {name: Markup(plot) for name, plot in plots.items()}


def _reasons(summary: Summary) -> dict[str, float]:
    reasons: dict[str, float] = {}
    row: dict[str, Any]
    for row in summary.quarantine:
        reason = f"{row['rule']} ({row['column']})" if row["column"] else row["rule"]
        reasons[reason] = reasons.get(reason, 0) + row["rows"]
    return reasons

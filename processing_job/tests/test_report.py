"""The report of a held run after many others, looked at in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from browser_kit import chromium, faults_of
from customer_contract import Contract
from playwright.sync_api import Browser

from etl_customers.lineage import Edge, Lineage
from etl_customers.modules.silver.counts import SourceCounts
from etl_customers.quality.history import History, Step
from etl_customers.quality.judge import Judge
from etl_customers.quality.metric import Metric
from etl_customers.report.render import report
from etl_customers.summary import NOTHING_READ, Summary

_START, _DAY = datetime(2026, 1, 1, tzinfo=UTC).timestamp(), 86_400
_RUNS = 35
_OF_GOLD = ("months", "top_stores")


def _history(contract: Contract) -> tuple[History, list[Metric]]:
    """A month of runs: csv goes quiet for a while, and the last batch of the API is bad."""
    metrics: list[Metric] = []
    verdicts: list[Metric] = []
    for number in range(_RUNS):
        at, last = _START + number * _DAY, number == _RUNS - 1
        sources = {"database": SourceCounts(9000 + 40 * number, 8000, 500, 100, 400 + 40 * number, newest_arrival=at)}
        sources["api"] = SourceCounts(5000, 2500 if last else 4800, 0, 0, 2500 if last else 200, newest_arrival=at)
        if not 15 < number < 20:
            sources["csv"] = SourceCounts(800, 700, 50, 30, 20, newest_arrival=at, newest_event=at - 3600)
        step = Step(f"run{number:02d}", at, number + 1, sources)
        names = tuple(source.name for source in contract.sources)
        judge = Judge(contract.quality, names, History(metrics), [step], step.run_id, at + 60)
        verdicts = judge.verdicts()
        newest = [(name, judge.newest("newest_arrival", name)) for name in names]
        metrics += [*step.metrics(), *verdicts]
        metrics += [
            Metric(step.run_id, at + 60, "bronze", name, "newest_arrival", None, value, "epoch_seconds")
            for name, value in newest
        ]
    return History(metrics), verdicts


def _summary(verdicts: list[Metric]) -> Summary:
    names = ("rule", "source", "measure", "value", "unit", "threshold", "severity", "outcome", "since")
    ended = datetime.fromtimestamp(_START + (_RUNS - 1) * _DAY + 90, UTC).isoformat()
    reason = {"rule": "IDENTIFIER_IN_TEXT", "column": "first_name", "source": "api", "rows": 1200}
    return Summary(
        run_id="run34",
        started_at=ended,
        finished_at=ended,
        status="held",
        contract_version="1.0.0",
        reconciliation={
            "read": 5000,
            "written": 2500,
            "duplicate": 0,
            "stale": 0,
            "quarantined": 2500,
            "unaccounted": 0,
        },
        tables={"silver.purchases": {"version": 35, "rows": 1_234_567}},
        top_stores=[
            {"store_id": "SP-001", "store_location": name, "currency": "BRL", "purchases": 10, "revenue": Decimal(1000)}
            for name in ("São Paulo - Paulista", "<b>Olho-d'Água</b>")
        ],
        months=[
            {"month": date(2025, month, 1), "currency": "BRL", "purchases": 3, "revenue": Decimal(month)}
            for month in range(1, 13)
        ],
        quarantine=[reason, {"rule": "KEY_CONFLICT", "column": None, "source": "csv", "rows": 3}],
        quality=[{name: getattr(metric, name) for name in names} for metric in verdicts],
        timings={"bronze": 1.5, "silver": 3.0},
        error={"code": "QUALITY_BREACHED", "message": "api: quarantined_share is 50.0 percent", "advice": "Look."},
    )


@pytest.fixture(scope="module")
def page(contract: Contract) -> str:
    history, verdicts = _history(contract)
    batches = {f"csv/customers/batch={n:064d}": 20 for n in range(50)}
    edges = [
        Edge("silver.purchases", 35, "bronze.customers", 90),
        Edge("gold.customer_360", 34, "silver.purchases", 34),
    ]
    return report(_summary(verdicts), history, Lineage(batches, (88, 90), edges), contract)


@pytest.fixture(scope="module")
def browser() -> Browser:
    with chromium() as opened:
        yield opened


def test_the_page_is_sound_on_every_screen(page: str, browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(page, encoding="utf-8")
    assert faults_of(browser, file) == {}


def test_the_page_tells_quality_trends_freshness_and_lineage(page: str, browser: Browser) -> None:
    opened = browser.new_page()
    opened.set_content(page)
    text = opened.inner_text("main")
    assert "QUALITY_BREACHED" in opened.inner_text("[role=alert]")
    verdicts = [row.split("\t") for row in opened.locator("tr").all_inner_texts()]
    (share,) = [row for row in verdicts if row[:2] == ["quarantined_share", "api"]]
    assert [cell.strip() for cell in share[2:]] == ["50.0 %", "< 25", "error", "✗ breached", "run34"]
    assert "2026-02-04 00:00" in text, "when the sources were last heard of"
    assert "versions 88 to 90" in text and "gold: held" in text
    assert "<b>Olho-d'Água</b>" in text, "markup in a value is shown, not obeyed"
    labels = {plot.get_attribute("aria-label") for plot in opened.locator("svg").all()}
    assert {"Rows read by run and source", "Hours since the newest row arrived, by run and source"} <= labels
    opened.locator("details summary").click()
    assert "And 10 more" in opened.inner_text("details")
    opened.close()


def test_a_run_of_gold_alone_tells_no_figures_of_rows(contract: Contract) -> None:
    """On Databricks the last task of a run writes the report; the rows were taken by another."""
    history, verdicts = _history(contract)
    summary = replace(_summary(verdicts), timings={"quality": 1.0, "gold": 2.0}, reconciliation=dict(NOTHING_READ))
    page = report(summary, history, Lineage(), contract)
    assert "Rows by source" in page and "silver.purchases: version 35" in page
    assert not [words for words in ("found nothing new", "new batches", '<ul class="cards">') if words in page]


@pytest.mark.parametrize("currency", [None, "USD"])
def test_there_is_a_page_before_gold_or_without_a_purchase_in_reais(contract: Contract, currency: str | None) -> None:
    """Silver's task on Databricks writes one before the first gold is made; a run of bronze may before all others."""
    given = _summary([])
    rows = {name: [row | {"currency": currency} for row in getattr(given, name) if currency] for name in _OF_GOLD}
    summary = replace(given, tables={}, quarantine=[], **rows)
    page = report(summary, History([]), Lineage(), contract)
    assert ("Revenue by month" in page) == ("Top stores" in page) == bool(currency)


def test_revenue_has_a_plot_in_each_currency_of_the_contract(contract: Contract) -> None:
    """Never two on one scale, and none without revenue."""
    history, verdicts = _history(contract)
    given = _summary(verdicts)
    in_pesos, in_dollars = ([row | {"currency": code} for row in given.months] for code in ("MXN", "USD"))
    stores = [row | {"currency": "MXN"} for row in given.top_stores]
    summary = replace(given, months=in_dollars[:1] + in_pesos, top_stores=stores)
    foreign = contract.model_copy(update={"currencies": ("MXN", "USD", "EUR")})
    page = report(summary, history, Lineage(), foreign)
    assert re.findall(r'aria-label="(Revenue [^"]*)"', page) == [
        "Revenue by month, MXN",
        "Revenue by month, USD",
        "Revenue of the stores with most purchases, MXN",
    ]


def test_faults_are_found(browser: Browser, tmp_path: Path) -> None:
    """The checks themselves can fail."""
    file = tmp_path / "bad.html"
    svg = "<svg width=100 height=20><text x=90 y=10>long text</text></svg>"
    table = "<div style='width:2000px'><table><tr><td>x</td></tr></table></div>"
    style = "<style>:root { color-scheme: light } body { background: #fff; color: #ccc }</style>"
    file.write_text(f"<html><head>{style}<link rel=icon href=http://127.0.0.1:9/x></head>{svg}{table}"
                    "<img src='http://127.0.0.1:9/x.png'></html>", encoding="utf-8")  # fmt: skip
    kinds = {kind.split(",")[0] for kind in faults_of(browser, file)}
    assert kinds == {"asks the network", "complains", "faint", "unnamed", "clipped", "wider than the screen"}

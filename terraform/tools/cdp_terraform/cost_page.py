"""Costs as tables: for the terminal, for a workflow's summary, and as docs/costs.md."""

from __future__ import annotations

from pathlib import Path

from cdp_terraform import ENVIRONMENTS, ROOT
from cdp_terraform.costs import Estimate, estimate
from cdp_terraform.prices import Prices

PAGE = ROOT / "docs" / "costs.md"

_HEAD = """\
# Costs

Made from [terraform/prices.yaml](../terraform/prices.yaml) and the environments' tfvars by `make terraform-docs`; do
not edit. `make costs ENV=prod` prints one environment.

**An estimate, not a bill**: list prices in US dollars of {date}, without taxes, contract or reservation; several were
taken from memory (the file says which), and all want to be read again in Azure's price calculator. Not in it: the
identities' and the network's traffic within Azure, Prometheus' samples, backups, support.

The bill is nodes, NAT, logs and, where they are private, the endpoints. Storage and key vaults are noise.
"""


def table(found: Estimate) -> str:
    """One environment's costs, in Markdown."""
    lines = ["| | what | amount | each | a month |", "| --- | --- | --: | --: | --: |"]
    for item in found.items:
        each = f"{item.price:,.4g} / {item.unit}"
        lines.append(f"| {item.group} | {item.what} | {item.amount:,.4g} | {each} | {item.month:,.2f} |")
    lines.append(f"| **sum** | nodes at their least number | | | **{found.month:,.0f}** |")
    lines.append(f"| | more, if all nodes ran all the time | | | {found.busy:,.0f} |")
    return "\n".join(lines)


def unit_costs(found: Estimate) -> str:
    """The two prices that grow with use, in one sentence."""
    return (
        f"One run of the job: {found.run:,.2f} USD. One million new rows (bronze, silver, gold, and a month in the "
        f"lake): {found.million_rows:,.2f} USD."
    )


def page() -> str:
    """docs/costs.md."""
    found = [estimate(environment) for environment in ENVIRONMENTS]
    date = Prices.read("brazilsouth").raw["date"]
    lines = [_HEAD.format(date=date), "| environment | a month, USD | one run, USD | a million rows, USD |"]
    lines.append("| --- | --: | --: | --: |")
    lines += [f"| {one.environment} | {one.month:,.0f} | {one.run:,.2f} | {one.million_rows:,.2f} |" for one in found]
    for one in found:
        lines += ["", f"## {one.environment}", "", table(one), "", unit_costs(one)]
    return "\n".join(lines) + "\n"


def write() -> Path:
    """Write the page anew."""
    PAGE.write_text(page(), encoding="utf-8")
    return PAGE

"""The estimate follows the tfvars and the one price file, and says what is missing."""

from __future__ import annotations

import copy
import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from cdp_terraform import ENVIRONMENTS, ROOT, TERRAFORM, costs
from cdp_terraform.costs import estimate
from cdp_terraform.hcl import tfvars
from cdp_terraform.inventory import endpoints
from cdp_terraform.prices import Prices


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets the estimate read other values than the tfvars have."""

    def change(**values: Any) -> None:
        monkeypatch.setattr(costs, "tfvars", lambda *paths: copy.deepcopy(tfvars(*paths)) | values)

    return change


def test_prod_costs_more_than_pre_and_pre_than_dev() -> None:
    dev, pre, prod = (estimate(environment).month for environment in ENVIRONMENTS)
    assert 100 < dev < pre < prod < 5000


def test_the_sum_is_of_its_items() -> None:
    found = estimate("prod")
    assert found.month == pytest.approx(sum(item.amount * item.price for item in found.items))
    assert {item.group for item in found.items} == {"cluster", "network", "data", "monitoring", "job"}


def test_a_node_more_costs_a_node_more(changed: Callable[..., None]) -> None:
    before = estimate("dev").month
    kubernetes = tfvars(TERRAFORM / "environments" / "dev" / "platform.tfvars")["kubernetes"]
    kubernetes["workload_pool"]["min_count"] += 1
    changed(kubernetes=kubernetes)
    prices = Prices.read("brazilsouth")
    node = prices.machine_hour("Standard_D2s_v5") * 730 + prices.of("node_disk_128gb_month")
    assert estimate("dev").month - before == pytest.approx(node)


def test_the_region_counts(changed: Callable[..., None]) -> None:
    before = estimate("dev").month
    changed(location="eastus")
    assert estimate("dev").month < before
    changed(location="atlantis")
    with pytest.raises(ValueError, match="no region atlantis"):
        estimate("dev")


def test_an_unknown_machine_is_no_zero(changed: Callable[..., None]) -> None:
    pool = {"vm_size": "Standard_X1", "min_count": 1, "max_count": 1}
    changed(kubernetes={"sku_tier": "Free", "system_pool": pool, "workload_pool": pool})
    with pytest.raises(ValueError, match="no machine Standard_X1"):
        estimate("dev")


def test_a_run_by_hand() -> None:
    """pre: driver and one worker, 0.5 h and 0.1 h of start, each at 0.226 * 1.55 + 0.30 an hour."""
    assert estimate("pre").run == pytest.approx(0.6 * 2 * (0.226 * 1.55 + 0.30))


def test_a_million_rows_scale_with_the_throughput() -> None:
    prices = Prices.read("brazilsouth")
    cluster = {"node_types": ["Standard_D4ds_v5"], "max_workers": 2}
    settings = {"storage": {"replication": "ZRS"}}
    slow = costs._million_rows(settings, cluster, prices)
    prices.raw["job"]["rows_per_core_second"] *= 2
    kept = 0.026 * prices.raw["job"]["bytes_per_row"] / 1e3 + prices.raw["job"]["writes_per_million_rows"] / 1e4 * 0.072
    assert costs._million_rows(settings, cluster, prices) - kept == pytest.approx((slow - kept) / 2)


@pytest.mark.parametrize(("environment", "number"), (("dev", 0), ("pre", 5), ("prod", 8)))
def test_endpoints_are_counted_as_terraform_makes_them(environment: str, number: int) -> None:
    """The same numbers as platform/tests/environment.tftest.hcl asserts of the plan."""
    folder = TERRAFORM / "environments" / environment
    assert len(endpoints(tfvars(folder / "common.tfvars", folder / "platform.tfvars"))) == number


def test_prices_are_dated_and_sourced() -> None:
    raw = Prices.read("brazilsouth").raw
    assert raw["date"][:2] == "20" and raw["currency"] == "USD"
    for name, entry in (raw["prices"] | raw["machines"]).items():
        assert entry["source"], name


def test_budgets_are_above_the_estimate() -> None:
    """With all nodes running all the time still within reach: else the alarm rings every month, or never."""
    for environment in ENVIRONMENTS:
        budget = tfvars(TERRAFORM / "environments" / environment / "platform.tfvars")["budget"]["monthly_amount"]
        found = estimate(environment)
        assert found.month < budget < 2.5 * (found.month + found.busy), dataclasses.asdict(found)


def test_the_command_prints_a_table() -> None:
    environment = {**os.environ, "PYTHONPATH": str(TERRAFORM / "tools")}
    command = [sys.executable, "-m", "cdp_terraform", "costs", "prod"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("## Costs of prod\n\n| | what |")
    assert "**sum**" in done.stdout and "One million new rows" in done.stdout

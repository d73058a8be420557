"""What an environment costs in a month, and the job for a run and a million rows: `make costs ENV=prod`.

Sizes come from the environment's tfvars, the number of alerts and endpoints from the code, prices and assumed use from
prices.yaml.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from cdp_terraform import TERRAFORM
from cdp_terraform.hcl import tfvars
from cdp_terraform.inventory import counts
from cdp_terraform.prices import Prices


@dataclass(frozen=True)
class Item:
    """A line of the bill, in US dollars a month: `amount` times `price`."""

    group: str
    what: str
    amount: float
    unit: str
    price: float

    @property
    def month(self) -> float:
        """US dollars a month."""
        return self.amount * self.price


@dataclass(frozen=True)
class Estimate:
    """What an environment costs.

    Attributes:
        environment: its name.
        items: lines of the bill, nodes at their least number.
        busy: US dollars a month more if all nodes ran all the time.
        run: US dollars of one run of the job.
        million_rows: US dollars of a million new rows: the job without its start, and a month in the lake.
    """

    environment: str
    items: tuple[Item, ...]
    busy: float
    run: float
    million_rows: float

    @property
    def month(self) -> float:
        """US dollars a month."""
        return sum(item.month for item in self.items)


def estimate(environment: str) -> Estimate:
    """The costs of an environment.

    Raises:
        ValueError: prices.yaml lacks something; says what.
    """
    folder = TERRAFORM / "environments" / environment
    settings = tfvars(folder / "common.tfvars", folder / "platform.tfvars")
    cluster = tfvars(folder / "lakehouse.tfvars")["cluster"]
    prices = Prices.read(settings["location"])
    use = prices.raw["usage"][environment]
    items = (
        *_nodes(settings, prices),
        *_network(settings, prices, use),
        *_data(settings, prices, use),
        *_monitoring(settings, prices, use),
        Item("job", f"{use['runs']} runs of {use['hours_per_run']} h", use["runs"], "run", _run(cluster, prices, use)),
    )
    return Estimate(
        environment,
        tuple(item for item in items if item.amount),
        _busy(settings, prices),
        _run(cluster, prices, use),
        _million_rows(settings, cluster, prices),
    )


def _nodes(settings: dict[str, Any], prices: Prices) -> list[Item]:
    kubernetes = settings["kubernetes"]
    items = []
    for pool in ("system_pool", "workload_pool"):
        size, least = kubernetes[pool]["vm_size"], kubernetes[pool]["min_count"]
        price = prices.machine_hour(size) * prices.hours + prices.of("node_disk_128gb_month")
        items.append(Item("cluster", f"{pool.replace('_', ' ')}: {size} and its disk", least, "node", price))
    agreed = prices.hours if kubernetes["sku_tier"] == "Standard" else 0
    return [*items, Item("cluster", "control plane, Standard", agreed, "hour", prices.of("aks_standard_hour"))]


def _busy(settings: dict[str, Any], prices: Prices) -> float:
    more = 0.0
    for name in ("system_pool", "workload_pool"):
        pool = settings["kubernetes"][name]
        more += (pool["max_count"] - pool["min_count"]) * prices.machine_hour(pool["vm_size"]) * prices.hours
    return more


def _network(settings: dict[str, Any], prices: Prices, use: dict[str, Any]) -> list[Item]:
    known = counts(settings)
    return [
        Item("network", "NAT gateway", 1, "month", prices.of("nat_month")),
        Item("network", "public address", 1, "month", prices.of("public_ip_month")),
        Item("network", "through the NAT gateway", use["egress_gb"], "GB", prices.of("nat_gb")),
        Item("network", "private endpoints", known.endpoints, "month", prices.of("private_endpoint_month")),
        Item("network", "private DNS zones", known.zones, "month", prices.of("dns_zone_month")),
    ]


def _data(settings: dict[str, Any], prices: Prices, use: dict[str, Any]) -> list[Item]:
    sku, replication = settings["registry"]["sku"].lower(), settings["storage"]["replication"]
    writes = use["rows"] / 1e6 * prices.raw["job"]["writes_per_million_rows"] / 1e4
    kept = prices.of(f"storage_{replication.lower()}_gb_month")
    return [
        Item("data", f"lake, {replication}, all of it hot", use["lake_gb"], "GB", kept),
        Item("data", "writes to the lake", writes, "10,000", prices.of("storage_write_10k")),
        Item("data", f"registry, {settings['registry']['sku']}", 1, "month", prices.of(f"registry_{sku}_month")),
        Item("data", "key vaults, 100,000 calls", 10, "10,000", prices.of("key_vault_10k")),
    ]


def _monitoring(settings: dict[str, Any], prices: Prices, use: dict[str, Any]) -> list[Item]:
    known, monitoring = counts(settings), settings["monitoring"]
    kept = max(0, monitoring["retention_days"] - 31) / 30 * use["logs_gb"]
    grafana = monitoring.get("grafana") is not None
    return [
        Item("monitoring", "logs taken in, 5 GB free", max(0, use["logs_gb"] - 5), "GB", prices.of("logs_gb")),
        Item("monitoring", "logs kept past 31 days", kept, "GB", prices.of("logs_retained_gb_month")),
        Item("monitoring", "alerts on metrics", known.metric_alerts, "month", prices.of("alert_metric_month")),
        Item("monitoring", "alerts on logs", known.log_alerts, "month", prices.of("alert_log_15min_month")),
        Item("monitoring", "Grafana", prices.hours if grafana else 0, "hour", prices.of("grafana_hour")),
        Item("monitoring", "Grafana's users", use["grafana_users"], "user", prices.of("grafana_user_month")),
    ]


def _cluster_hour(kind: str, workers: float, prices: Prices) -> float:
    one = prices.machine_hour(kind) + prices.dbu_hour(kind) * prices.of("dbu_jobs_premium")
    return (1 + workers) * one  # and the driver


def _run(cluster: dict[str, Any], prices: Prices, use: dict[str, Any]) -> float:
    """Of half of the workers that it may have, as it scales by itself; one at least."""
    workers = max(1, math.ceil(cluster["max_workers"] / 2))
    hours = float(use["hours_per_run"]) + float(prices.raw["job"]["start_hours"])
    return hours * _cluster_hour(cluster["node_types"][0], workers, prices)


def _million_rows(settings: dict[str, Any], cluster: dict[str, Any], prices: Prices) -> float:
    job, kind = prices.raw["job"], cluster["node_types"][0]
    workers = max(1, math.ceil(cluster["max_workers"] / 2))
    seconds = 1e6 / (job["rows_per_core_second"] * job["worker_cores"][kind] * workers)
    gigabytes = float(job["bytes_per_row"]) * 1e6 / 1e9
    kept = prices.of(f"storage_{settings['storage']['replication'].lower()}_gb_month") * gigabytes
    written = float(job["writes_per_million_rows"]) / 1e4 * prices.of("storage_write_10k")
    return float(seconds) / 3600 * _cluster_hour(kind, workers, prices) + kept + written

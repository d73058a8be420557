"""How many endpoints, DNS zones and alerts an environment has, counted in the code by its settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from cdp_terraform import TERRAFORM

_ENDPOINT = re.compile(r'subresource = "(\w+)", zone = "([\w.]+)"')


@dataclass(frozen=True)
class Counts:
    """Numbers of an environment's billable small things."""

    endpoints: int
    zones: int
    metric_alerts: int
    log_alerts: int


def endpoints(settings: dict[str, Any]) -> list[tuple[str, str]]:
    """Subresource and DNS zone of each private endpoint of an environment; `terraform test` holds the number."""
    if not settings["private_endpoints"]:
        return []
    text = (TERRAFORM / "platform" / "network.tf").read_text(encoding="utf-8")
    public = settings["runner_access"] == "public"
    left_out = {
        "registry": settings["registry"]["sku"] != "Premium",
        "databricks_ui_api": public,
        "browser_authentication": public,
        "grafana": public or settings["monitoring"].get("grafana") is None,
    }
    return [(what, zone) for what, zone in _ENDPOINT.findall(text) if not left_out.get(what, False)]


def counts(settings: dict[str, Any]) -> Counts:
    """The numbers of an environment, two key vaults counted."""
    found = endpoints(settings)
    alerts = TERRAFORM / "modules" / "alerts"
    metric = len(re.findall(r"^\s+metric\s+=", (alerts / "health.tf").read_text(encoding="utf-8"), flags=re.MULTILINE))
    rules = len(
        re.findall(r"^\s+expression\s+= \"", (alerts / "services.tf").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    texts = [(alerts / name).read_text(encoding="utf-8") for name in ("job.tf", "runs.tf")]
    logs = sum(len(re.findall(r"^\s+query\s+= \"", text, flags=re.MULTILINE)) for text in texts)
    thresholds = settings["monitoring"]["thresholds"]
    off = sum(not thresholds[switch] for switch in ("ingestion_scheduled", "job_scheduled"))
    # one metric alert stands for both vaults in the code
    return Counts(len(found), len({zone for _, zone in found}), metric + 1 + rules, logs - off)

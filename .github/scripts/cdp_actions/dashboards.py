"""assets/dashboards into the environment's Grafana, if it has one."""

from __future__ import annotations

from typing import Any

from cdp_actions import ROOT, notes
from cdp_actions.shell import run, run_json

_RIGHTS = "The identity needs Grafana Editor, which `apply` gives it; a role that was just assigned takes some minutes."


def import_all(platform: dict[str, Any]) -> None:
    """Import each; ActionFailed if Grafana refuses."""
    if not platform.get("grafana_endpoint"):
        print("This environment has no Grafana.")
        return
    group = str(platform["resource_ids"]["resource_group"]).rpartition("/")[2]
    kind = ["--resource-type", "Microsoft.Dashboard/grafana", "--resource-group", group]
    found = run_json(["az", "resource", "list", *kind, "--query", "[].name", "--output", "json"], _RIGHTS)
    for board in sorted((ROOT / "assets" / "dashboards").glob("*.json")):
        place = ["--name", str(found[0]), "--resource-group", group, "--definition", f"@{board}", "--overwrite", "true"]
        run(["az", "grafana", "dashboard", "import", *place, "--output", "none"], _RIGHTS)
    notes.leave("facts", {"title": "Grafana", "rows": [["address", str(platform["grafana_endpoint"])]]})

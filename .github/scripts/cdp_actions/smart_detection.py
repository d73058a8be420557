"""What Azure itself makes beside Application Insights: an alert rule and an action group that no Terraform knows.

They appear within minutes to hours, and with them in it the resource group is not destroyed
(prevent_deletion_if_contains_resources). Sources: azurerm issues 10563, 18026 and pull request 22163; az's `az group
list`, `az resource list` and `az resource delete`.
"""

from __future__ import annotations

import re
from typing import Any

from cdp_actions import notes
from cdp_actions.shell import run, run_json

#: Type and name, in the order in which they go: the rule refers to the group. Azure does not keep to one case.
_MADE_BY_AZURE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"Microsoft\.AlertsManagement/smartDetectorAlertRules/Failure Anomalies - .+",
        r"Microsoft\.Insights/actionGroups/Application Insights Smart Detection",
    )
)
_RIGHTS = (
    "The identity needs Contributor on the subscription, and the resource group must have no lock; then run the "
    "workflow again: it goes on where it ended."
)


def remove(environment: str) -> None:
    """Remove the two from the environment's resource group, if they are there; nothing else, whatever else is there.

    The group is found by its tags: a destroy that ended half-way leaves no outputs (hashicorp/terraform#29270), an
    environment that never became whole has few.

    Raises:
        ActionFailed: Azure refuses.
    """
    removed = []
    for group in _groups(environment):
        for found in _found(group):
            run(["az", "resource", "delete", "--ids", found["id"], "--output", "none"], _RIGHTS)
            removed.append([found["name"], "removed"])
    if removed:
        notes.leave("facts", {"title": "Made by Azure beside Application Insights", "rows": removed})


def _groups(environment: str) -> list[str]:
    """The environment's own, if it is there: not bootstrap's, which stays, nor those that AKS and Databricks manage."""
    ours = f"tags.project=='customer-data-platform' && tags.environment=='{environment}' && !managedBy"
    command = ["az", "group", "list", "--query", f"[?{ours}].name", "--output", "json"]
    return [str(name) for name in run_json(command, _RIGHTS) if not str(name).endswith("-bootstrap")]


def _found(group: str) -> list[dict[str, Any]]:
    query = ["--query", "[].{id:id,type:type,name:name}", "--output", "json"]
    listed = run_json(["az", "resource", "list", "--resource-group", group, *query], _RIGHTS)
    return [one for pattern in _MADE_BY_AZURE for one in listed if pattern.fullmatch(f"{one['type']}/{one['name']}")]

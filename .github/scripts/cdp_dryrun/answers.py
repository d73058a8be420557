"""What the stand-ins answer where all goes well: [{"signs": words of the call, "out": text or JSON, "err", "code"}].

The first answer fits of which all signs stand in the call. `turns` are answers one after the other, the last for good.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
CLIENT = "33333333-3333-3333-3333-333333333333"
OBJECT = "44444444-4444-4444-4444-444444444444"
DIGEST = "sha256:" + "d" * 64
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-cdp-dev-brs"
_PROVIDERS = f"{GROUP}/providers"
Answer = dict[str, Any]

PLATFORM: dict[str, Any] = {
    "lakehouse": {
        "workspace_url": "https://adb-1.2.azuredatabricks.net",
        "workspace_resource_id": f"{_PROVIDERS}/Microsoft.Databricks/workspaces/dbw-cdp-dev-brs",
    },
    "services": {
        "tenant_id": TENANT,
        "registry": "crcdpdevbrsx7k2.azurecr.io",
        "key_vault_name": "kvsvccdpdevbrsx7k2",
        "namespace": "ingestion",
        "raw_url": "abfss://raw@stlakecdpdevbrsx7k2.dfs.core.windows.net",
        "inbox_url": "abfss://inbox@stlakecdpdevbrsx7k2.dfs.core.windows.net",
        "lake_egress": {"cidrs": ["10.10.4.0/26"], "except": []},
        "services": {
            name: {"client_id": f"5555555{number}-5555-5555-5555-555555555555", "service_account": f"{name}-ingestion"}
            for number, name in enumerate(("database", "api", "csv"))
        },
    },
    "cluster": {"name": "aks-cdp-dev-brs", "resource_group_name": "rg-cdp-dev-brs", "command_invoke": True},
    "grafana_endpoint": "https://amg-cdp-dev-brs.brs.grafana.azure.com",
    "egress_ip": "203.0.113.20",
    "resource_ids": {
        "resource_group": GROUP,
        "kubernetes_cluster": f"{_PROVIDERS}/Microsoft.ContainerService/managedClusters/aks-cdp-dev-brs",
        "container_registry": f"{_PROVIDERS}/Microsoft.ContainerRegistry/registries/crcdpdevbrsx7k2",
        "storage_account": f"{_PROVIDERS}/Microsoft.Storage/storageAccounts/stlakecdpdevbrsx7k2",
        "databricks_workspace": f"{_PROVIDERS}/Microsoft.Databricks/workspaces/dbw-cdp-dev-brs",
        "key_vault_services": f"{_PROVIDERS}/Microsoft.KeyVault/vaults/kvsvccdpdevbrsx7k2",
        "key_vault_job": f"{_PROVIDERS}/Microsoft.KeyVault/vaults/kvjobcdpdevbrsx7k2",
        "log_analytics": f"{_PROVIDERS}/Microsoft.OperationalInsights/workspaces/log-cdp-dev-brs",
    },
}
LAKEHOUSE: dict[str, Any] = {
    "bundle": {
        "catalog": "dev",
        "secret_scope": "etl-customers-dev",
        "cluster_policy_id": "ABC123",
        "run_as_service_principal": CLIENT,
        "operators_group": "cdp-operators",
        "node_type_id": "Standard_D4ds_v5",
        "max_workers": "2",
    }
}
RUN: dict[str, Any] = {
    "run_id": 77,
    "run_page_url": "https://adb-1.2.azuredatabricks.net/jobs/5/runs/77",
    "state": {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"},
    "tasks": [
        {"task_key": name, "state": {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}}
        for name in ("bronze", "silver", "gold")
    ],
}
RESULT: dict[str, Any] = {
    "status": "succeeded",
    "sources": {"csv": {"read": 1000, "written": 940, "duplicate": 20, "stale": 10, "quarantined": 30}},
    "tables": {"gold.customer_360": {"rows": 300, "version": 1}, "silver.purchases": {"rows": 940, "version": 1}},
    "sample_customer": {"cpf": "********119"},
}


def resource(kind: str, name: str) -> dict[str, str]:
    """One of `az resource list`."""
    return {"id": f"{_PROVIDERS}/{kind}/{name}", "type": kind, "name": name}


def answer(*signs: str, **told: Any) -> Answer:
    """An answer to calls with these signs."""
    return {"signs": list(signs), **told}


def invoked(code: int = 0, logs: str = "", state: str = "Succeeded") -> dict[str, Any]:
    """What `az aks command invoke --output json` prints."""
    return {"id": "0123", "provisioningState": state, "exitCode": code, "logs": logs, "reason": None}


def change(address: str, action: str, before: Any = None, after: Any = None) -> dict[str, Any]:
    """A resource change of `terraform show -json`."""
    actions = {"create": ["create"], "update": ["update"], "delete": ["delete"], "no-op": ["no-op"]}[action]
    kind = re.sub(r"\[[^]]*\]", "", address).split(".")[-2]
    return {"address": address, "type": kind, "change": {"actions": actions, "before": before, "after": after}}


def plan(*changes: dict[str, Any]) -> dict[str, Any]:
    """What `terraform show -json` prints of a plan."""
    return {"format_version": "1.2", "resource_changes": list(changes)}


def outputs(values: dict[str, Any]) -> dict[str, Any]:
    """What `terraform output -json` prints."""
    return {name: {"value": value, "sensitive": False} for name, value in values.items()}


def token(claims: dict[str, Any]) -> str:
    """An access token, not signed."""
    return f"head.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


def role(definition: str, scope: str = f"/subscriptions/{SUBSCRIPTION}", **more: Any) -> dict[str, Any]:
    """A role assignment as Azure's REST API tells it."""
    place = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{definition}"
    return {"properties": {"roleDefinitionId": place, "principalId": OBJECT, "scope": scope, **more}}


def happy(first: bool = False) -> list[Answer]:
    """All is created, and works. With `first` there was no platform when it was planned."""
    return [*_terraform(first), *_azure(), *_cluster(), *_databricks()]


def _terraform(first: bool) -> list[Answer]:
    group = change("module.resource_group.azurerm_resource_group.this", "create", None, {"name": "rg-cdp-dev-brs"})
    catalog = change("databricks_catalog.this", "create", None, {"name": "dev"})
    state = json.dumps({"lineage": "0a1b2c3d-0000-4000-8000-000000000000", "serial": 7, "terraform_version": "1.11.4"})
    return [
        answer("terraform show -json", "platform.tfplan", out=plan(group)),
        answer("terraform show -json", "lakehouse.tfplan", out=plan(catalog)),
        answer("terraform output", "in:platform", turns=[{"out": {}}] * first + [{"out": outputs(PLATFORM)}]),
        answer("terraform output", "in:lakehouse", out=outputs(LAKEHOUSE)),
        answer("state pull", out=state),
    ]


def _azure() -> list[Answer]:
    signed_in = {"subscription": SUBSCRIPTION, "accessToken": token({"oid": OBJECT})}
    roles = [role("b24988ac-6180-42a0-ab88-20f7382dd24c"), role("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9")]
    # an hour after its creation Application Insights is not alone
    monitoring = [
        resource("Microsoft.Insights/components", "appi-cdp-dev-brs"),
        resource("microsoft.insights/actiongroups", "Application Insights Smart Detection"),
        resource("Microsoft.Insights/actionGroups", "ag-cdp-dev-brs"),
        resource("microsoft.alertsmanagement/smartDetectorAlertRules", "Failure Anomalies - appi-cdp-dev-brs"),
    ]
    not_found = "ERROR: (SecretNotFound) A secret with this name was not found\n"
    return [
        answer("az account get-access-token", out=signed_in),
        answer("az rest", "roleAssignments", out={"value": roles}),
        answer("az keyvault list", out=[{"name": "kvsvccdpdevbrsx7k2", "group": "rg-cdp-dev-brs"}]),
        answer("az keyvault secret show-deleted", code=3),
        answer("az keyvault secret show", code=3, err=not_found),
        answer("az resource list", "Microsoft.Dashboard", out=["amg-cdp-dev-brs"]),
        answer("az group list", out=["rg-cdp-dev-brs", "rg-cdp-dev-brs-bootstrap"]),
        answer("az resource list", "--resource-group rg-cdp-dev-brs ", out=monitoring),
        *(
            answer("docker inspect", name, out=[f"crcdpdevbrsx7k2.azurecr.io/{name}-ingestion@{DIGEST}"])
            for name in ("database", "api", "csv")
        ),
    ]


def _cluster() -> list[Answer]:
    """A release that was never there, and is after its installation; helm may warn before it prints."""
    history = f"WARNING: a file is readable by all\n{json.dumps([{'revision': 1, 'status': 'deployed'}])}"
    turns = [{"out": invoked(1, "Error: release: not found")}, {"out": invoked(0, history)}]
    return [answer("command invoke", "helm history", turns=turns), answer("command invoke", out=invoked(0, "done"))]


def _databricks() -> list[Answer]:
    job = {"id": "5", "url": "https://adb-1.2.azuredatabricks.net/jobs/5"}
    return [
        answer("bundle summary", out={"resources": {"jobs": {"etl_customers": job}}}),
        answer("tables list dev gold", out=[{"full_name": "dev.gold.customer_360"}]),
        answer("tables list", out=[]),
        answer("jobs run-now", out={"run_id": 77}),
        answer("jobs get-run", turns=[{"out": {**RUN, "state": {"life_cycle_state": "RUNNING"}}}, {"out": RUN}]),
        answer("fs cat", out=RESULT),
    ]

"""Secrets and variables of a repository that could be: what a dry run is given. Nothing of it is anybody's."""

from __future__ import annotations

import json

from cdp_dryrun.answers import CLIENT, SUBSCRIPTION, TENANT
from cdp_dryrun.server import Server

#: The value of each secret; no log, call, summary or file may hold one.
SECRETS = {
    "AZURE_CREDENTIALS": json.dumps(
        {
            "clientId": CLIENT,
            "clientSecret": "planted~client~secret",
            "subscriptionId": SUBSCRIPTION,
            "tenantId": TENANT,
        }
    ),
    "DB_KEY": "postgresql://cdp:planted-db-password@db.example/crm",
    "API_KEY": "planted-api-key-0123456789",
    "GH_PAT_TOKEN": "ghp_planted0123456789",
    "STATE_ENCRYPTION_KEY": "planted-state-key-" + "k" * 40,
    "GITHUB_TOKEN": "ghs_planted9876543210",
}
#: What of them must not be seen anywhere.
PLANTED = ("planted~client~secret", "planted-db-password", *list(SECRETS.values())[2:])


def variables(server: Server) -> dict[str, str]:
    """Variables of the repository and of its environments."""
    names = ("database", "api", "csv", "job", "control_plane", "kubelet")
    return {
        "SET_UP": "true",
        "IDENTITIES": json.dumps({name: f"/subscriptions/{SUBSCRIPTION}/id-{name}" for name in names}),
        "GROUPS": json.dumps({name: CLIENT for name in ("platform_admins", "operators", "data_engineers", "analysts")}),
        "GROUP_NAMES": json.dumps({name: f"cdp-{name}" for name in ("operators", "data_engineers", "analysts")}),
        "DATABRICKS_APP_OBJECT_ID": CLIENT,
        "DATABRICKS_ACCOUNT_ID": CLIENT,
        "NOTIFICATION_ADDRESS": "data-platform@example.com",
        "SOURCE_EGRESS": json.dumps(
            {
                "database": {"cidrs": ["10.30.0.0/24"], "ports": [5432]},
                "api": {"cidrs": ["203.0.113.0/24"], "ports": [443]},
            }
        ),
        "RUNNER_IP_URL": f"{server.url}/ip",
    }

"""Check Azure Role Assignments: has the pipeline's identity what Terraform needs on the subscription?

Needed are Contributor, and User Access Administrator or, where nothing is locked, Role Based Access Control
Administrator; or Owner alone. It asks Azure's role assignments, not Entra: the pipeline need not read the directory.
`assignedTo` also finds what comes by a group or from a management group. Source: learn.microsoft.com, "List Azure role
assignments using the REST API" and "Azure built-in roles".
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cdp_actions import notes
from cdp_actions.errors import ActionFailed
from cdp_actions.shell import run_json

#: Built-in roles by id; the same in all of Azure. Source: learn.microsoft.com, "Azure built-in roles".
ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
}
RESOURCES = {"Contributor", "Owner"}
#: Assigns roles, but may not lock a resource group (Microsoft.Authorization/locks), as bootstrap and prod do.
_NO_LOCKS = "Role Based Access Control Administrator"
RIGHTS = {_NO_LOCKS, "User Access Administrator", "Owner"}
_UAA = "User Access Administrator"
_LOGIN = (
    "Look at the step that signs in to Azure: has the identity a role on the subscription, is its secret still valid?"
)


def check() -> None:
    """Ask Azure, leave what was found for the summary.

    Raises:
        ActionFailed: a role is missing; the text has the command that assigns it.
    """
    token = run_json(["az", "account", "get-access-token", "--output", "json"], _LOGIN)
    subscription, who = str(token["subscription"]), object_id(str(token["accessToken"]))
    found = _assignments(subscription, who)
    named = [(ROLES[_role(one)], one["properties"]) for one in found if _role(one) in ROLES]
    scope = f"/subscriptions/{subscription}"
    # a role on a single resource group does not make other groups
    wide = {name for name, told in named if _covers(str(told["scope"]), scope)}
    rows = [[name, "yes" if name in wide else "no"] for name in ROLES.values()]
    notes.leave("facts", {"title": "Roles on the subscription", "rows": rows})
    for name, told in named:
        if told.get("condition") and name in RIGHTS:
            notes.leave("next", f"{name} is given under a condition. It must allow the roles of docs/access.md.")
    if wide & RIGHTS == {_NO_LOCKS}:
        notes.leave("next", f"{_NO_LOCKS} may make no locks: bootstrap and prod need {_UAA} instead.")
    lacking = [wanted for wanted, enough in (("Contributor", RESOURCES), (_UAA, RIGHTS)) if not wide & enough]
    if lacking:
        commands = "\n".join(
            f"az role assignment create --assignee-object-id {who} --assignee-principal-type "
            f'ServicePrincipal --role "{role}" --scope {scope}'
            for role in lacking
        )
        advice = f"An owner of the subscription runs, and waits some minutes:\n\n```bash\n{commands}\n```"
        raise ActionFailed(f"The pipeline's identity lacks {' and '.join(lacking)} on the subscription", advice)


def object_id(token: str) -> str:
    """The claim `oid` of an access token. It is only read here, Azure checks it.

    Raises:
        ActionFailed: this is no token of an identity.
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["oid"])
    except (IndexError, ValueError, KeyError):
        raise ActionFailed("Azure's access token names no identity (no claim oid)", _LOGIN) from None


def _assignments(subscription: str, who: str) -> list[dict[str, Any]]:
    url = (
        f"https://management.azure.com/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments"
        f"?api-version=2022-04-01&$filter=assignedTo('{who}')"
    )
    found: list[dict[str, Any]] = []
    while url:
        page = run_json(["az", "rest", "--method", "get", "--url", url, "--output", "json"], _LOGIN)
        found += page["value"]
        url = page.get("nextLink") or ""
    return found


def _role(assignment: dict[str, Any]) -> str:
    return str(assignment["properties"]["roleDefinitionId"]).rpartition("/")[2].lower()


def _covers(scope: str, subscription: str) -> bool:
    """Whether a scope is the subscription or above it (a management group, or the root)."""
    return scope.lower() in (subscription.lower(), "/") or scope.startswith("/providers/Microsoft.Management/")

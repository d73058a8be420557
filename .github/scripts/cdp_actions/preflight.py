"""What can be refused before anything is touched: the wrong runner, a wrong word, prod, and prod without approval."""

from __future__ import annotations

import json
import os
import re

from cdp_actions import ENVIRONMENTS, ROOT, github_api, notes
from cdp_actions.errors import ActionFailed

_IDS = ("DATABRICKS_APP_OBJECT_ID", "DATABRICKS_ACCOUNT_ID")
#: Variables of GitHub that become Terraform's, in lower case.
GIVEN = ("IDENTITIES", "GROUPS", "GROUP_NAMES", *_IDS)


def runner_access(environment: str) -> str:
    """`public` or `self_hosted`, from the environment's platform.tfvars.

    Raises:
        ActionFailed: there is no such environment, or it does not say.
    """
    if environment not in ENVIRONMENTS:
        raise ActionFailed(f"there is no environment {environment!r}", f"Choose one of {', '.join(ENVIRONMENTS)}.")
    file = ROOT / "terraform" / "environments" / environment / "platform.tfvars"
    found = re.search(r'^runner_access\s*=\s*"(\w+)"', file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if not found:
        raise ActionFailed(
            f"{file.name} of {environment} does not set runner_access", "Set it to public or self_hosted."
        )
    return found[1]


def check_runner(environment: str) -> None:
    """Refuse a runner on the internet where everything is private: it would fail half-way.

    Raises:
        ActionFailed: see there.
    """
    hosted = os.environ.get("RUNNER_ENVIRONMENT", "github-hosted") == "github-hosted"
    if runner_access(environment) == "self_hosted" and hosted:
        raise ActionFailed(
            f"{environment} is reached from its own network only, and this runner is GitHub's",
            "Set the repository's variable PROD_RUNNER to the label of a runner in the subnet `runner` "
            "(docs/first-deployment.md).",
        )


def check_variables() -> None:
    """Refuse to begin where what Terraform is given is not given. All are JSON, but for single ids.

    Raises:
        ActionFailed: names what is missing.
    """
    absent = [name for name in GIVEN if not _is_given(name)]
    if absent:
        raise ActionFailed(
            f"the variable {', '.join(absent)} is empty, or not JSON",
            "Set it under Settings, Environments (docs/first-deployment.md has the commands); "
            "terraform/environments/identities.example.tfvars shows what belongs in it.",
        )


def _is_given(name: str) -> bool:
    text = os.environ.get(f"TF_VAR_{name.lower()}", "")
    try:
        return bool(text) and (name in _IDS or isinstance(json.loads(text), dict))
    except ValueError:
        return False


def confirm_destroy(environment: str, typed: str) -> None:
    """Refuse to destroy unless the environment was typed, and prod unless it was opened for that.

    Raises:
        ActionFailed: see there.
    """
    wanted = f"destroy {environment}"
    if typed != wanted:
        raise ActionFailed(
            "the confirmation does not fit; nothing was destroyed", f"Run it again and type exactly: {wanted}"
        )
    if environment == "prod" and os.environ.get("ALLOW_PROD_DESTROY") != "true":
        raise ActionFailed(
            "prod is protected; nothing was destroyed",
            "Set the repository's variable ALLOW_PROD_DESTROY to true, remove the lock of the resource "
            "group, run it again; "
            "and remove the variable afterwards.",
        )


def check_approval(environment: str) -> None:
    """Will anybody be asked before the job that uses this environment? In a private repository only GitHub Enterprise
    has required reviewers; without them the job starts at once. Needs the right `actions: read`.

    Raises:
        ActionFailed: nobody in prod, and ALLOW_UNAPPROVED does not say that this is meant.
    """
    path = f"/repos/{github_api.repository()}/environments/{environment}"
    reply = github_api.call("GET", path, os.environ.get("GH_TOKEN", ""))
    rules = (reply.body or {}).get("protection_rules") or ()
    if any(rule["type"] == "required_reviewers" for rule in rules):
        return
    why = "it has no required reviewers" if reply.status == 200 else f"GitHub answered {reply.status}"
    if environment == "prod" and os.environ.get("ALLOW_UNAPPROVED") != "true":
        raise ActionFailed(
            f"nobody would be asked before {environment} is changed: {why}",
            "Name Required reviewers under Settings, Environments; in a private repository GitHub Enterprise has them. "
            "Without it set the repository's variable ALLOW_UNAPPROVED to true: whoever may start a workflow can then "
            "change prod.",
        )
    rows = [[f"environment {environment}", f"nobody is asked before it is changed: {why}"]]
    notes.leave("facts", {"title": "Approval", "rows": rows})

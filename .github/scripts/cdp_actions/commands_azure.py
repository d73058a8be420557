"""Commands around Terraform and Azure; see commands.py."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from typing import Any

from cdp_actions import credentials, preflight, terraform, vaults
from cdp_actions.github_files import set_output


def session(given: Namespace) -> None:
    """Read AZURE_CREDENTIALS."""
    credentials.session(terraform=os.environ.get("TERRAFORM") == "true")


def check_roles(given: Namespace) -> None:
    """Check Azure Role Assignments."""
    from cdp_actions import roles

    roles.check()


def check_runner(given: Namespace) -> None:
    """Is this runner in the right network?"""
    preflight.check_runner(given.environment)


def check_variables(given: Namespace) -> None:
    """Is what Terraform needs there?"""
    preflight.check_variables()


def confirm_destroy(given: Namespace) -> None:
    """Was it typed?"""
    preflight.confirm_destroy(given.environment, os.environ.get("TYPED", ""))


def let_in(given: Namespace) -> None:
    """Open the vaults' firewalls, where they have a public address."""
    if preflight.runner_access(given.environment) == "public":
        vaults.let_in(given.environment)


def shut_out(given: Namespace) -> None:
    """Close them again."""
    vaults.shut_out(given.environment)


def plan(given: Namespace) -> None:
    """Plan --root."""
    terraform.plan(given.root, given.environment, given.destroy)


def apply(given: Namespace) -> None:
    """Apply --root, if the plan is still the one with the fingerprint APPROVED."""
    terraform.apply(given.root, given.environment, os.environ.get("APPROVED", ""), given.destroy)


def outputs(given: Namespace) -> None:
    """Keep the outputs of --root for the later steps, and give other jobs what they need of them."""
    terraform.init(given.root, given.environment)
    for name, value in _shared(given.root, terraform.keep_outputs(given.root)).items():
        set_output(name, value)


def outputs_if_any(given: Namespace) -> None:
    """The same where there may be none yet, or none any more: output `found`, true or false, tells which it was."""
    terraform.init(given.root, given.environment)
    found = bool(terraform.outputs(given.root))
    if found:
        terraform.keep_outputs(given.root)
    set_output("found", str(found).lower())


def put_secrets(given: Namespace) -> None:
    """Secrets into the vaults."""
    vaults.put_secrets(terraform.kept_outputs("platform"))


def import_dashboards(given: Namespace) -> None:
    """Dashboards into Grafana."""
    from cdp_actions import dashboards

    dashboards.import_all(terraform.kept_outputs("platform"))


def remove_smart_detection(given: Namespace) -> None:
    """Remove what Azure itself made beside Application Insights."""
    from cdp_actions import smart_detection

    smart_detection.remove(given.environment)


def _shared(root: str, found: dict[str, Any]) -> dict[str, str]:
    if root == "platform":
        return {"registry": str(found["services"]["registry"]), "resources": json.dumps(found["resource_ids"])}
    return {"catalog": str(found["bundle"]["catalog"])}

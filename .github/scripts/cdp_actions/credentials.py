"""AZURE_CREDENTIALS: read, masked, and given to Terraform and Databricks as ARM_*.

Source: https://github.com/Azure/login#creds (its form), and the azurerm provider's page on ARM_* variables.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass

from cdp_actions.errors import ActionFailed
from cdp_actions.github_files import mask, set_environment, set_output

FORM = '{"clientId": "...", "clientSecret": "...", "subscriptionId": "...", "tenantId": "..."}'
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NEXT = (
    f"Set the secret AZURE_CREDENTIALS of the environment to {FORM}; `az ad sp create-for-rbac --json-auth` prints one."
)


@dataclass(frozen=True)
class Credentials:
    """The pipeline's service principal. `secret` is empty where GitHub's own token (OIDC) stands for it."""

    client: str
    secret: str
    subscription: str
    tenant: str


def read(text: str, oidc: bool) -> Credentials:
    """The credentials in the secret's text.

    Raises:
        ActionFailed: it is not of the form, an id is not a UUID, or the client's secret is missing without OIDC. The
        text
            is not quoted.
    """
    if not text.strip():
        raise ActionFailed("AZURE_CREDENTIALS is empty or not there", _NEXT)
    try:
        given = json.loads(text)
    except ValueError:
        raise ActionFailed("AZURE_CREDENTIALS is not JSON", _NEXT) from None
    if not isinstance(given, dict):
        raise ActionFailed("AZURE_CREDENTIALS is not a JSON object", _NEXT)
    for name in ("clientId", "subscriptionId", "tenantId"):
        if not _UUID.fullmatch(str(given.get(name, ""))):
            raise ActionFailed(f"AZURE_CREDENTIALS: {name} is missing or not a UUID", _NEXT)
    secret = "" if oidc else str(given.get("clientSecret") or "")
    if not oidc and not secret:
        advice = f"{_NEXT} Without a secret, set the variable AZURE_OIDC to true and add a federated credential."
        raise ActionFailed("AZURE_CREDENTIALS: clientSecret is missing", advice)
    return Credentials(str(given["clientId"]), secret, str(given["subscriptionId"]), str(given["tenantId"]))


def session(terraform: bool) -> None:
    """Mask the credentials; outputs for azure/login; with `terraform`, ARM_* for the later steps of the job.

    Only jobs that run no program of others get ARM_CLIENT_SECRET.
    """
    oidc = os.environ.get("AZURE_OIDC", "").lower() == "true"
    found = read(os.environ.get("AZURE_CREDENTIALS", ""), oidc)
    if found.secret:
        mask(found.secret)
    if len(os.environ["AZURE_CREDENTIALS"].strip().splitlines()) > 1:
        # GitHub masks each line of a secret, and so every brace; it then holds back outputs with braces in them
        print("::warning title=AZURE_CREDENTIALS::It has several lines: write it on one (jq -c . credentials.json).")
    set_output("oidc", str(oidc).lower())
    set_output("client-id", found.client)
    set_output("tenant-id", found.tenant)
    set_output("subscription-id", found.subscription)
    if not terraform:
        return
    set_environment("ARM_CLIENT_ID", found.client)
    set_environment("ARM_TENANT_ID", found.tenant)
    set_environment("ARM_SUBSCRIPTION_ID", found.subscription)
    if oidc:
        set_environment("ARM_USE_OIDC", "true")
        set_environment("DATABRICKS_AUTH_TYPE", "github-oidc-azure")
    else:
        set_environment("ARM_CLIENT_SECRET", found.secret)

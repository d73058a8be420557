"""Key vaults: a way in for the runner while it works, and the secrets of services and job. Values go by file only."""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from cdp_actions import notes
from cdp_actions.errors import ActionFailed
from cdp_actions.github_files import mask, set_environment
from cdp_actions.shell import attempt, last_lines, pause, private_file, run, run_json

#: Secret of GitHub -> secret of the services' vault.
GIVEN = {"DB_KEY": "database-ingestion-database-url", "API_KEY": "api-ingestion-api-key"}
#: Made once, and never again: the vault (`services` or `job`) of each. A new token-key would part old rows from new
#: ones.
MADE = {
    "database-ingestion-service-token": "services",
    "api-ingestion-service-token": "services",
    "csv-ingestion-service-token": "services",
    "token-key": "job",
}
_DAYS = 365
_PAUSE_SECONDS = 30.0
_RIGHTS = (
    "The identity needs Key Vault Secrets Officer on both vaults, which `apply` gives it; a role that was "
    "just assigned takes "
    "some minutes: then run the job again."
)
_ADDRESS = (
    "Run the job again; or set the variable RUNNER_IP_URL to an address that answers with the caller's public IPv4."
)


def let_in(environment: str) -> None:
    """Add this runner's address to the vaults' firewalls, if there are vaults, and tell Terraform of it.

    Raises:
        ActionFailed: the address cannot be found out, or Azure refuses.
    """
    address = own_address()
    mask(address)
    set_environment("TF_VAR_runner_ip_ranges", json.dumps([address]))
    set_environment("RUNNER_ADDRESS", address)
    vaults = _vaults(environment)
    for vault in vaults:
        advice = "The identity needs Contributor on the subscription; then run the job again."
        run(
            ["az", "keyvault", "network-rule", "add", *_place(vault), "--ip-address", address, "--output", "none"],
            advice,
        )
    if vaults:  # firewalls take a moment
        pause(_PAUSE_SECONDS)


def shut_out(environment: str) -> None:
    """Take it away again; for a step that runs always.

    Raises:
        ActionFailed: a firewall still has it; all others were tried.
    """
    address, left = os.environ.get("RUNNER_ADDRESS"), []
    if not address:
        return
    for vault in _vaults(environment):
        command = ["az", "keyvault", "network-rule", "remove", *_place(vault), "--ip-address", f"{address}/32"]
        if attempt([*command, "--output", "none"]).code:
            left.append(vault["name"])
    if left:
        raise ActionFailed(
            f"the runner's address is still let in to {', '.join(left)}",
            "Remove it in the portal (the vault's Networking), or run `infrastructure`: its plan names the vault, "
            "its apply removes the address.",
        )


def own_address() -> str:
    """This machine's public IPv4 address."""
    import urllib.request  # see github_api

    url = os.environ.get("RUNNER_IP_URL") or "https://api.ipify.org"
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310
            return str(ipaddress.IPv4Address(answer.read(64).decode().strip()))
    except (OSError, ValueError) as error:
        raise ActionFailed(f"the runner's public address is not known ({type(error).__name__})", _ADDRESS) from None


def put_secrets(platform: dict[str, Any]) -> None:
    """DB_KEY and API_KEY as they are in the environment, if they changed; what is to be made, if it is not there.

    Raises:
        ActionFailed: a vault refuses, or a secret lies in its bin. No text holds a value.
    """
    ids = platform["resource_ids"]
    names = {kind: str(ids[f"key_vault_{kind}"]).rpartition("/")[2] for kind in ("services", "job")}
    rows = [[target, _give(names["services"], source, target)] for source, target in GIVEN.items()]
    rows += [[name, _make(names[kind], name)] for name, kind in MADE.items()]
    notes.leave("facts", {"title": "Secrets in the vaults", "rows": rows})


def _give(vault: str, source: str, target: str) -> str:
    value = os.environ.get(source, "")
    if not value:
        notes.leave(
            "next",
            f"The secret {source} of GitHub is not set: the service that needs it has no source. Set it, run again.",
        )
        return f"not there: {source} is empty"
    mask(value)
    mask(notes.password_of(value))
    if _present(vault, target) == value:
        return "unchanged"
    _set(vault, target, value)
    return f"set from {source}"


def _make(vault: str, name: str) -> str:
    if _present(vault, name) is not None:
        return "kept"
    value = secrets.token_hex(32)
    mask(value)
    _set(vault, name, value)
    return "made"


def _present(vault: str, name: str) -> str | None:
    """The value in the vault; None if there is none.

    Raises:
        ActionFailed: it cannot be told, so that nothing is overwritten by mistake.
    """
    found = attempt(["az", "keyvault", "secret", "show", "--vault-name", vault, "--name", name, "--output", "json"])
    if found.code == 0:
        return str(json.loads(found.out)["value"])
    if "SecretNotFound" not in found.err:
        raise ActionFailed(f"the secret {name} cannot be read: {last_lines(found.err)}", _RIGHTS)
    binned = attempt(
        ["az", "keyvault", "secret", "show-deleted", "--vault-name", vault, "--name", name, "--output", "none"]
    )
    if binned.code == 0:
        recover = f"az keyvault secret recover --vault-name {vault} --name {name}"
        raise ActionFailed(
            f"the secret {name} was deleted, and can be had back", f"Run `{recover}`, then the job again."
        )
    return None


def _set(vault: str, name: str, value: str) -> None:
    ends = (datetime.now(UTC) + timedelta(days=_DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with private_file(value) as file:
        place = ["--vault-name", vault, "--name", name, "--file", str(file), "--encoding", "utf-8"]
        run(["az", "keyvault", "secret", "set", *place, "--expires", ends, "--output", "none"], _RIGHTS)


def _vaults(environment: str) -> list[dict[str, str]]:
    ours = f"tags.project=='customer-data-platform' && tags.environment=='{environment}'"
    command = ["az", "keyvault", "list", "--query", f"[?{ours}].{{name:name,group:resourceGroup}}", "--output", "json"]
    found: list[dict[str, str]] = run_json(command, "Look at the step that signs in to Azure.")
    return found


def _place(vault: dict[str, str]) -> list[str]:
    return ["--name", vault["name"], "--resource-group", vault["group"]]

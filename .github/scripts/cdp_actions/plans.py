"""A plan of Terraform: what it changes, a fingerprint of that, and whether it would destroy data.

The plan itself holds values in clear and is never kept: a job that was approved makes it anew, and must come to the
same fingerprint. Source: developer.hashicorp.com/terraform/internals/json-format (plan representation).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

#: The one kind of resource that lets the runner in while it works.
_LETS_IN = "azurerm_key_vault"
#: Without these there is no data, no key, or no table any more.
DATA = {
    "azurerm_databricks_workspace",
    "azurerm_key_vault",
    "azurerm_storage_account",
    "azurerm_storage_container",
    "databricks_catalog",
    "databricks_external_location",
    "databricks_schema",
    "databricks_volume",
}
_WORDS = {
    ("create",): "create",
    ("update",): "change",
    ("delete",): "destroy",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("forget",): "forget",
}


@dataclass(frozen=True)
class Change:
    """A resource that the plan touches. `action` is create, change, destroy, replace or forget."""

    address: str
    kind: str
    action: str


@dataclass(frozen=True)
class Plan:
    """What would be done, and the hex fingerprint (HMAC-SHA256) of it."""

    changes: tuple[Change, ...]
    fingerprint: str

    @property
    def counts(self) -> dict[str, int]:
        """Action -> number of resources."""
        return dict(sorted(Counter(change.action for change in self.changes).items()))

    @property
    def destroys_data(self) -> list[str]:
        """Addresses of what holds data and would be gone."""
        return [one.address for one in self.changes if one.action in ("destroy", "replace") and one.kind in DATA]


def read(shown: dict[str, Any], key: str, runner: str = "") -> Plan:
    """The plan that `terraform show -json` tells of.

    Args:
        key: under which it is fingerprinted, so that the fingerprint gives no value away.
        runner: this runner's address. Of each runner another one, it is no change that anybody approves in the
            firewall of a vault. Any other address there is a change, and so is each in another firewall.
    """
    changes, prints = [], []
    for one in shown.get("resource_changes") or ():
        change = one["change"]
        action = _WORDS.get(tuple(change["actions"]))
        own = {runner, f"{runner}/32"} if runner and one["type"] == _LETS_IN else set()
        before, after = _common(change.get("before"), own), _common(change.get("after"), own)
        unknown = change.get("after_unknown")
        if action is None or (action == "change" and before == after and not _any(unknown)):
            continue
        changes.append(Change(one["address"], one["type"], action))
        prints.append([one["address"], action, *_told(action, before, after), unknown])
    text = json.dumps(sorted(prints, key=lambda line: str(line[0])), sort_keys=True)
    return Plan(tuple(changes), hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest())


def within(plan: Plan, approved: Plan) -> bool:
    """Whether `plan` is what is left of `approved`, or all of it."""
    return set(plan.changes) <= set(approved.changes)


def _told(action: str, before: Any, after: Any) -> tuple[Any, Any]:
    """What an approval is about: attributes that change. Others may differ from hour to hour, such as tokens."""
    if action == "destroy" or not isinstance(after, dict):
        return None, None
    known = before if isinstance(before, dict) else {}
    names = [name for name in {*known, *after} if known.get(name) != after.get(name)]
    return {name: known.get(name) for name in names}, {name: after.get(name) for name in names}


def _common(value: Any, own: set[str]) -> Any:
    """Without the runner's `own` addresses."""
    if isinstance(value, dict):
        return {name: _common(part, own) for name, part in value.items()}
    if isinstance(value, list):
        return [_common(part, own) for part in value if not (isinstance(part, str) and part in own)]
    return value


def _any(unknown: Any) -> bool:
    if isinstance(unknown, dict):
        return any(_any(part) for part in unknown.values())
    if isinstance(unknown, list):
        return any(_any(part) for part in unknown)
    return bool(unknown)

"""docs/access.md: who may do what, from terraform/access.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cdp_terraform import ROOT, TERRAFORM

SOURCE = TERRAFORM / "access.yaml"
PAGE = ROOT / "docs" / "access.md"

_HEAD = """\
# Who may do what

Made from [terraform/access.yaml](../terraform/access.yaml) by `make terraform-docs`; do not edit. Terraform assigns
what stands there, and nothing else: a test finds any other assignment in the code.

- Identities are brought, not made: each service, the job, the cluster and its nodes has one of its own
  (`terraform/bootstrap` makes them if asked). No identity has a password or a key.
- People get rights by a group of Entra's, never one by one.
- Raw and bronze hold clear personal data. Only the services write raw; only the job reads raw and bronze.
- [How senders of CSV files come in](../helm/README.md#input-of-the-csv-service): their right is on `inbox` alone, a
  firewall that lets them in is the whole account's.
- Who runs Terraform brings Contributor and User Access Administrator on the subscription; the list below
  is what it gives itself on top.
"""


@dataclass(frozen=True)
class Access:
    """What access.yaml says.

    Attributes:
        principals: name -> `kind` (identity, application, group) and `who`.
        azure: `principal`, `scope`, `role`, `why`.
        databricks: likewise.
        unity_catalog: `principal`, `securable`, `privileges`.
    """

    principals: dict[str, dict[str, str]]
    azure: list[dict[str, str]]
    databricks: list[dict[str, str]]
    unity_catalog: list[dict[str, Any]]


def read(path: Path = SOURCE) -> Access:
    """The list of rights."""
    return Access(**yaml.safe_load(path.read_text(encoding="utf-8")))


def page(access: Access) -> str:
    """docs/access.md."""
    lines = [_HEAD, "## Layers of the lake", "", *_layers(access), ""]
    lines += ["## Roles of Azure", "", "| who | kind | role | on | why |", "| --- | --- | --- | --- | --- |"]
    for grant in access.azure:
        who = access.principals[grant["principal"]]
        lines.append(f"| {who['who']} | {who['kind']} | {grant['role']} | `{grant['scope']}` | {grant['why']} |")
    lines += ["", "## Roles within Databricks", "", "| who | role | on | why |", "| --- | --- | --- | --- |"]
    for grant in access.databricks:
        who = access.principals[grant["principal"]]
        lines.append(f"| {who['who']} | `{grant['role']}` | `{grant['scope']}` | {grant['why']} |")
    lines += ["", "## Privileges of Unity Catalog", "", "| who | on | privileges |", "| --- | --- | --- |"]
    for grant in access.unity_catalog:
        privileges = ", ".join(f"`{name}`" for name in grant["privileges"])
        lines.append(f"| {access.principals[grant['principal']]['who']} | `{grant['securable']}` | {privileges} |")
    return "\n".join(lines) + "\n"


def _layers(access: Access) -> list[str]:
    containers = ["inbox", "raw", "bronze", "silver", "gold"]
    words = {"Storage Blob Data Contributor": "writes", "Storage Blob Data Reader": "reads"}
    found: dict[str, dict[str, str]] = {}
    for grant in access.azure:
        part, _, name = grant["scope"].partition("/")
        if part == "container":
            found.setdefault(grant["principal"], {})[name] = words[grant["role"]]
    lines = [f"| who | {' | '.join(containers)} |", "| --- " * (len(containers) + 1) + "|"]
    for principal, rights in found.items():
        cells = " | ".join(rights.get(name, "") for name in containers)
        lines.append(f"| {access.principals[principal]['who']} | {cells} |")
    return lines


def write() -> Path:
    """Write the page anew."""
    PAGE.write_text(page(read()), encoding="utf-8")
    return PAGE

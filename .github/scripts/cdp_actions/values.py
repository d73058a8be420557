"""deployed.yaml: the values of a chart that only Terraform and the image's build know. None of them is secret."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from cdp_actions.errors import ActionFailed

_NEXT = (
    'Set the variable SOURCE_EGRESS of the environment: {"database": {"cidrs": ["10.30.0.0/24"], "ports": [5432]}, '
    '"api": {"cidrs": ["203.0.113.0/24"], "ports": [443]}}: where the sources are.'
)
_IMAGE = re.compile(r"(?P<repository>[a-z0-9][a-z0-9./-]+)@(?P<digest>sha256:[0-9a-f]{64})")


def deployed(service: str, image: str, platform: dict[str, Any], egress: str) -> dict[str, Any]:
    """The values, in the form of helm/deployed.example.yaml.

    Args:
        image: repository@sha256:...
        platform: outputs of Terraform's root platform.
        egress: JSON of the variable SOURCE_EGRESS: service -> cidrs and ports of its source. csv has none: its
            inbox is in the lake.

    Raises:
        ActionFailed: the image is not named by its digest, or the source's addresses are missing.
    """
    named = _IMAGE.fullmatch(image)
    if not named:
        raise ActionFailed("the image is not named as repository@sha256:...", "Look at the step that pushes it.")
    known = platform["services"]
    lake = {**known["lake_egress"], "ports": [443]}
    settings = {"RAW_URL": known["raw_url"]}
    if service == "csv":
        settings["CSV_INPUT_DIR"] = known["inbox_url"]
    return {
        "image": named.groupdict(),
        "workloadIdentity": {"clientId": known["services"][service]["client_id"], "tenantId": known["tenant_id"]},
        "secrets": {"keyVaultName": known["key_vault_name"]},
        "settings": settings,
        "networkPolicy": {"egress": {"lake": lake, "source": lake if service == "csv" else _source(service, egress)}},
    }


def _source(service: str, egress: str) -> dict[str, Any]:
    try:
        found = json.loads(egress or "{}")[service]
        cidrs = [str(ipaddress.ip_network(cidr)) for cidr in found["cidrs"]]
        ports = [int(port) for port in found["ports"]]
    except (ValueError, KeyError, TypeError):
        raise ActionFailed(f"SOURCE_EGRESS does not tell where the source of {service} is", _NEXT) from None
    if not cidrs or not ports:
        raise ActionFailed(f"SOURCE_EGRESS names no address or no port of the source of {service}", _NEXT)
    return {"cidrs": cidrs, "ports": ports}

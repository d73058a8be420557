"""A connection that leaves this machine is encrypted and its server known, unless a setting says otherwise."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.infrastructure.storage.location import is_loopback

_LOG = logging.getLogger(__name__)
_VERIFIED = "verify-full"
_ENCRYPTED = frozenset({"require", "verify-ca", _VERIFIED})
_ADVICE = (
    "Add ?sslmode=verify-full&sslrootcert=<file with the CA> to DATABASE_URL, or allow plain connections with"
    " DB_ALLOW_PLAINTEXT=true."
)


def tls_arguments(arguments: Mapping[str, Any], *, allow_plaintext: bool) -> dict[str, Any]:
    """What to add to libpq's `arguments`: verify-full for a remote server, where no sslmode is given.

    Raises:
        ConfigurationInvalid: the server is remote and sslmode lets rows cross the network in the clear.
    """
    service = _setting("service", arguments)
    if _stays_here(arguments, service):
        return {}
    # what stands in a service file takes the place of PGSSLMODE, but not of an argument
    mode = arguments.get("sslmode") if service else _setting("sslmode", arguments)
    if mode is None:
        return {} if allow_plaintext else {"sslmode": _VERIFIED}
    if mode not in _ENCRYPTED:
        if not allow_plaintext:
            raise ConfigurationInvalid(f"sslmode={mode} lets rows of a remote database go unencrypted", advice=_ADVICE)
    elif mode != _VERIFIED:
        _LOG.warning("sslmode=%s does not check whose server it is; use verify-full", mode)
    return {}


def _stays_here(arguments: Mapping[str, Any], service: str | None) -> bool:
    """False also where a service file may name another machine: all but an address among the arguments is overruled."""
    if service and not arguments.get("hostaddr"):
        return False
    hosts = (_setting("hostaddr", arguments) or _setting("host", arguments) or "").split(",")
    return all(not host or host.startswith(("/", "@")) or is_loopback(host) for host in hosts)


def _setting(name: str, arguments: Mapping[str, Any]) -> str | None:
    """As libpq takes it: from the arguments, else from the environment."""
    value = arguments.get(name) or os.environ.get(f"PG{name.upper()}")
    return str(value) if value else None

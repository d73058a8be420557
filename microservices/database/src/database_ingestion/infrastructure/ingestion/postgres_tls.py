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
    hosts = str(arguments.get("hostaddr") or arguments.get("host") or os.environ.get("PGHOST", "")).split(",")
    if all(not host or host.startswith(("/", "@")) or is_loopback(host) for host in hosts):
        return {}
    mode = arguments.get("sslmode") or os.environ.get("PGSSLMODE")
    if mode is None:
        return {} if allow_plaintext else {"sslmode": _VERIFIED}
    if mode not in _ENCRYPTED:
        if not allow_plaintext:
            raise ConfigurationInvalid(f"sslmode={mode} lets rows of a remote database go unencrypted", advice=_ADVICE)
    elif mode != _VERIFIED:
        _LOG.warning("sslmode=%s does not check whose server it is; use verify-full", mode)
    return {}

"""Bearer tokens (RFC 6750)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TypeVar

import structlog

from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.infrastructure.config.live import LiveSettings
from ingestion_kernel.infrastructure.config.settings import KernelSettings

S = TypeVar("S", bound=KernelSettings)

_log = structlog.stdlib.get_logger("settings")


class BearerToken:
    """The one token that opens a service."""

    def __init__(self, token: str) -> None:
        self._digest = _digest(token)

    def accepts(self, authorization: str | None) -> bool:
        """True if the value of an Authorization header carries the token.

        Digests are compared in constant time, so neither the token's bytes nor its length can be timed.
        """
        scheme, _, token = (authorization or "").partition(" ")
        return hmac.compare_digest(_digest(token.strip()), self._digest) and scheme.lower() == "bearer"


class ServiceToken:
    """SERVICE_TOKEN as it stands now. Once there is one, a door never opens again because its file has gone."""

    def __init__(self, live: LiveSettings[S]) -> None:
        self._live = live
        self._settings = live.current()
        self._token = _token_of(self._settings)
        self._unusable = False

    def current(self) -> BearerToken | None:
        """The token that callers must show, None if there is none. The last usable one if the settings went wrong."""
        try:
            settings = self._live.current()
        except ConfigurationInvalid as error:
            if not self._unusable:  # once, as each request asks
                _log.error("settings_unusable", code=error.code, error=error.message, advice=error.advice)
            self._unusable = True
            return self._token
        self._unusable = False
        if settings is not self._settings:
            self._settings = settings
            self._token = _token_of(settings) or self._token
        return self._token


def _token_of(settings: KernelSettings) -> BearerToken | None:
    return BearerToken(settings.service_token.get_secret_value()) if settings.service_token else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()

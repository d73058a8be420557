"""Where the API is, how this service shows who it is, and which hosts it may speak to."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self
from urllib.parse import urlsplit

from ingestion_kernel.infrastructure.config.settings import KernelSettings
from ingestion_kernel.infrastructure.storage.location import is_loopback
from pydantic import Field, FilePath, SecretStr, field_validator, model_validator


class Auth(StrEnum):
    """How this service shows who it is."""

    NONE = "none"
    API_KEY = "api_key"
    BEARER = "bearer"
    OAUTH2 = "oauth2"


class TokenAuth(StrEnum):
    """How the client's secret goes to the token endpoint (RFC 6749, 2.3.1)."""

    BASIC = "basic"
    BODY = "body"


class AuthSettings(KernelSettings):
    """Addresses and credentials.

    Attributes:
        api_url: address of the list of records; a query in it is sent with each request but those to a next link.
        api_allow_http: allow plain http beyond loopback.
        api_allowed_networks: CIDR blocks, separated by commas, that may be reached although they are not public.
        api_ca_file: certificates in PEM of a private authority, trusted beside the public ones.
        api_auth: `api_key` sends `api_key` in the header `api_key_header`, `bearer` in Authorization (RFC 6750),
            `oauth2` fetches a token by client credentials (RFC 6749, 4.4).
        api_token_url: the token endpoint, the only address that ever sees the client's secret.
        api_token_scope, api_token_audience: sent to it if set.
    """

    api_url: str
    api_allow_http: bool = False
    api_allowed_networks: str = ""
    api_ca_file: FilePath | None = None
    api_auth: Auth = Auth.API_KEY
    api_key: SecretStr | None = None
    api_key_header: str = Field(default="X-API-Key", pattern=r"\A[A-Za-z0-9-]+\z")
    api_token_url: str | None = None
    api_client_id: str | None = None
    api_client_secret: SecretStr | None = None
    api_token_auth: TokenAuth = TokenAuth.BASIC
    api_token_scope: str | None = None
    api_token_audience: str | None = None

    @field_validator("api_url", "api_token_url")
    @classmethod
    def _plain_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http or https address")
        if "@" in parts.netloc:
            raise ValueError("must hold no credentials; they belong in API_KEY or API_CLIENT_SECRET")
        if parts.fragment or not (value.isascii() and value.isprintable()) or " " in value:
            raise ValueError("must be percent-encoded and have no fragment")
        return value

    @field_validator("api_key", "api_client_secret")
    @classmethod
    def _fit_for_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        # checked here because the HTTP library would quote the whole header in its error
        key = value.get_secret_value().strip() if value else ""
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ValueError("must be printable ASCII without spaces")
        return SecretStr(key) if key else None

    @field_validator("api_allowed_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        _parse_networks(value)
        return value

    @model_validator(mode="after")
    def _credentials_given(self) -> Self:
        self._refuse_http("API_URL", self.api_url)
        if self.api_auth in (Auth.API_KEY, Auth.BEARER) and self.api_key is None:
            raise ValueError(f"API_AUTH={self.api_auth.value} requires API_KEY")
        if self.api_auth is Auth.OAUTH2:
            if not (self.api_token_url and self.api_client_id and self.api_client_secret):
                raise ValueError("API_AUTH=oauth2 requires API_TOKEN_URL, API_CLIENT_ID and API_CLIENT_SECRET")
            self._refuse_http("API_TOKEN_URL", self.api_token_url)
        return self

    def _refuse_http(self, name: str, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "http" and not self.api_allow_http and not is_loopback(parts.hostname or ""):
            raise ValueError(f"{name} must be https, or API_ALLOW_HTTP=true")

    def allowed_networks(self) -> list[IPv4Network | IPv6Network]:
        """The blocks of `api_allowed_networks`."""
        return _parse_networks(self.api_allowed_networks)


def _parse_networks(text: str) -> list[IPv4Network | IPv6Network]:
    try:
        return [ip_network(block.strip()) for block in text.split(",") if block.strip()]
    except ValueError:
        raise ValueError("must be CIDR blocks such as 10.20.0.0/16, separated by commas") from None

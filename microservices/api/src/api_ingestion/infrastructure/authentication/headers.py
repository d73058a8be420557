"""The credentials that each request carries. They go into headers only: addresses end up in logs."""

from __future__ import annotations

from api_ingestion.infrastructure.authentication.client_credentials import ClientCredentials
from api_ingestion.infrastructure.config.auth_settings import Auth, TokenAuth
from api_ingestion.infrastructure.config.settings import ApiSettings


def credential_headers(settings: ApiSettings) -> dict[str, str]:
    """Header name -> value; empty if the API is public, or wants a token that is fetched first."""
    if settings.api_auth in (Auth.NONE, Auth.OAUTH2) or settings.api_key is None:
        return {}
    key = settings.api_key.get_secret_value()
    if settings.api_auth is Auth.BEARER:
        return {"Authorization": f"Bearer {key}"}
    return {settings.api_key_header: key}


def client_credentials(settings: ApiSettings) -> ClientCredentials | None:
    """What fetches tokens, None if the API wants none."""
    if settings.api_auth is not Auth.OAUTH2 or settings.api_client_id is None or settings.api_client_secret is None:
        return None
    extra = {"scope": settings.api_token_scope, "audience": settings.api_token_audience}
    return ClientCredentials(
        settings.api_client_id,
        settings.api_client_secret,
        settings.api_token_auth is TokenAuth.BODY,
        {name: value for name, value in extra.items() if value},
    )

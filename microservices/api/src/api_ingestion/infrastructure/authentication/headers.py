"""The credentials that each request carries. They go into headers only: addresses end up in logs."""

from __future__ import annotations

from api_ingestion.infrastructure.config.settings import ApiSettings, Auth


def credential_headers(settings: ApiSettings) -> dict[str, str]:
    """Header name -> value; empty if the API is public."""
    if settings.api_auth is Auth.NONE or settings.api_key is None:
        return {}
    key = settings.api_key.get_secret_value()
    if settings.api_auth is Auth.BEARER:
        return {"Authorization": f"Bearer {key}"}
    return {settings.api_key_header: key}

"""Which account RAW_URL names, and by which identity it is reached."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.infrastructure.storage.adls_calls import connect
from ingestion_kernel.infrastructure.storage.location import AdlsLocation, parse_raw_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("abfss://raw@acme.dfs.core.windows.net", AdlsLocation("https://acme.dfs.core.windows.net", "raw", "")),
        ("abfss://raw@acme.dfs.core.windows.net/a/b/", AdlsLocation("https://acme.dfs.core.windows.net", "raw", "a/b")),
    ],
)
def test_azure_urls(url: str, expected: AdlsLocation) -> None:
    assert parse_raw_url(url) == expected


def test_an_account_key_is_refused_for_azure_itself() -> None:
    with pytest.raises(ConfigurationInvalid, match="by identity"):
        connect(AdlsLocation("https://acme.dfs.core.windows.net", "raw", ""), SecretStr("c2VjcmV0"))


def test_workload_identity_is_taken_outright_where_the_webhook_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    location = AdlsLocation("https://acme.dfs.core.windows.net", "raw", "")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token")
    monkeypatch.delenv("AZURE_CLIENT_ID", raising=False)
    with pytest.raises(ConfigurationInvalid, match="workload identity is incomplete"):
        connect(location, None)
    monkeypatch.setenv("AZURE_CLIENT_ID", "client")
    monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
    assert type(connect(location, None).credential).__name__ == "WorkloadIdentityCredential"

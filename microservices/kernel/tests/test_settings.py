"""Settings, and what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.infrastructure.config.settings import KernelSettings, load_settings
from ingestion_kernel.infrastructure.storage.location import LocalLocation, parse_raw_url

TOKEN = "0123456789abcdef"


def test_the_environment_is_read_and_the_rest_has_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAW_URL", "/data/raw")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("SERVICE_TOKEN", "")
    settings = load_settings(KernelSettings)
    assert (settings.raw_url, settings.host, settings.port) == ("/data/raw", "127.0.0.1", 8080)
    assert settings.log_level == "DEBUG"
    assert settings.service_token is None, "an empty variable counts as not set"


def test_secrets_come_from_files_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "service_token").write_text(f"{TOKEN}\n")
    (tmp_path / "raw_url").write_text("/from/file")
    (tmp_path / "another-services-secret").write_text("x")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("RAW_URL", "/from/environment")
    settings = load_settings(KernelSettings)
    assert settings.service_token and settings.service_token.get_secret_value() == TOKEN
    assert settings.raw_url == "/from/environment"
    assert TOKEN not in repr(settings)


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, "RAW_URL is missing"),
        ({"RAW_URL": "/r", "PORT": "planted-value"}, "PORT: Input should be a valid integer"),
        ({"RAW_URL": "/r", "PORT": "70000"}, "PORT: Input should be less than or equal to 65535"),
        ({"RAW_URL": "/r", "HOST": "0.0.0.0"}, "HOST is not loopback, so SERVICE_TOKEN is required"),
        ({"RAW_URL": "/r", "HOST": "::"}, "SERVICE_TOKEN is required"),
        ({"RAW_URL": "/r", "HOST": "planted-value.example"}, "SERVICE_TOKEN is required"),
        ({"RAW_URL": "/r", "HOST": "0.0.0.0", "SERVICE_TOKEN": "planted-value"}, "at least 16"),
        ({"RAW_URL": "/r", "SERVICE_TOKEN": "planted-value with spaces"}, "no space"),
        ({"RAW_URL": "/r", "LOG_LEVEL": "planted-value"}, "LOG_LEVEL: Input should be 'DEBUG'"),
        ({"RAW_URL": "s3://planted-value/x"}, "RAW_URL: has a form that is not known"),
        ({"RAW_URL": "http://planted-value.example/a/b"}, "RAW_URL: has a form that is not known"),
        ({"RAW_URL": "abfss://raw@a.dfs.core.windows.net/?sig=planted-value"}, "must not carry a query"),
        ({"RAW_URL": "abfss://planted-value.dfs.core.windows.net"}, "must read abfss://<container>@<account>"),
        ({"RAW_URL": "/r", "SECRETS_DIR": "/nowhere/planted-value"}, "SECRETS_DIR is not a directory"),
    ],
)
def test_wrong_settings_are_named_with_the_reason_and_without_the_value(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], says: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationInvalid) as invalid:
        load_settings(KernelSettings)
    assert says in invalid.value.message
    chain: BaseException | None = invalid.value
    while chain:
        assert "planted-value" not in str(chain)
        chain = chain.__cause__ or chain.__context__


def test_all_wrong_settings_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    with pytest.raises(ConfigurationInvalid, match="RAW_URL.*PORT"):
        load_settings(KernelSettings)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_token(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("RAW_URL", "/r")
    monkeypatch.setenv("HOST", host)
    assert load_settings(KernelSettings).host == host


def test_local_urls() -> None:
    assert parse_raw_url("/data/raw") == LocalLocation(Path("/data/raw"))
    assert parse_raw_url("file:///data/my%20raw") == LocalLocation(Path("/data/my raw"))
    assert parse_raw_url("raw") == LocalLocation(Path.cwd() / "raw")

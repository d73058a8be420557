"""The settings that all three services have; each service adds its own by a subclass."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.infrastructure.storage.location import is_loopback, parse_raw_url

#: Shortest bearer token that is accepted, in characters.
MIN_TOKEN_LENGTH = 16

_MIB = 1024 * 1024


class KernelSettings(BaseSettings):
    """Read from environment variables (RAW_URL, HOST, ...) or, after them, from files in SECRETS_DIR (raw_url, ...).

    An empty variable counts as not set. Use `load_settings`, whose errors never show a value.

    Attributes:
        raw_url: the raw container; see `parse_raw_url`.
        host: address to listen on. Anything but loopback requires `service_token`.
        port: 0 takes a free one.
        service_token: bearer token (RFC 6750) that callers of /v1 must show.
        part_max_rows: a part of a batch is closed from this many rows on.
        part_max_bytes: and from this many bytes on.
        staging_max_age_seconds: staging of crashed runs is removed after so long; a run that is alive shows it.
        stop_timeout_seconds: how long `serve` waits for the running batch when it is stopped. The process ends at most
            8 s later; keep the sum below the pod's terminationGracePeriodSeconds, 30 unless it is set.
        log_level: lowest level that is logged.
        adls_account_key: shared key, for an emulator on loopback only; Azure is always reached by identity.
        applicationinsights_connection_string: traces and metrics go to Azure Monitor if it is set.
        otel_exporter_otlp_endpoint: and to this OTLP/HTTP collector if it is.
    """

    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True, str_strip_whitespace=True
    )

    raw_url: str
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    service_token: SecretStr | None = None
    part_max_rows: int = Field(default=500_000, gt=0)
    part_max_bytes: int = Field(default=128 * _MIB, gt=0)
    staging_max_age_seconds: float = Field(default=86_400, ge=60)
    stop_timeout_seconds: float = Field(default=20, gt=0)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    adls_account_key: SecretStr | None = None
    applicationinsights_connection_string: SecretStr | None = None
    otel_exporter_otlp_endpoint: str | None = None

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("raw_url")
    @classmethod
    def _known_form(cls, value: str) -> str:
        parse_raw_url(value)
        return value

    @field_validator("service_token")
    @classmethod
    def _strong_enough(cls, value: SecretStr | None) -> SecretStr | None:
        token = value.get_secret_value() if value else None
        if token is not None and (len(token) < MIN_TOKEN_LENGTH or not token.isascii() or " " in token):
            raise ValueError(f"must have at least {MIN_TOKEN_LENGTH} ASCII characters and no space")
        return value

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _address_of_a_collector(cls, value: str | None) -> str | None:
        if value is None:
            return None
        url = urlsplit(value)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError("must be an http or https address, such as http://127.0.0.1:4318")
        if "@" in url.netloc or url.query or url.fragment:
            raise ValueError("must hold no credentials; they belong in OTEL_EXPORTER_OTLP_HEADERS")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.service_token is None and not is_loopback(self.host):
            raise ValueError("HOST is not loopback, so SERVICE_TOKEN is required")
        return self


S = TypeVar("S", bound=KernelSettings)


def load_settings(settings_type: type[S]) -> S:
    """The settings of this process.

    Raises:
        ConfigurationInvalid: names each wrong setting and the reason, never its value.
    """
    folder = secrets_dir()
    if folder and not folder.is_dir():
        raise ConfigurationInvalid("SECRETS_DIR is not a directory", advice="Mount the secrets there, or unset it.")
    try:
        return settings_type(_secrets_dir=folder)
    except ValidationError as error:
        reasons = "; ".join(_reason(item["loc"], item["type"], item["msg"]) for item in error.errors())
    except (SettingsError, OSError) as error:  # OSError: a secret file that cannot be read
        reasons = f"a source of settings cannot be read ({type(error).__name__})"
    raise ConfigurationInvalid(reasons)


def secrets_dir() -> Path | None:
    """The directory of mounted secrets, None if SECRETS_DIR is not set."""
    folder = os.environ.get("SECRETS_DIR")
    return Path(folder) if folder else None


def _reason(location: tuple[int | str, ...], kind: str, message: str) -> str:
    name = ".".join(str(step) for step in location).upper()
    if kind == "missing":
        return f"{name} is missing"
    text = message.removeprefix("Value error, ")
    return f"{name}: {text}" if name else text

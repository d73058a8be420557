"""The service's settings; API_<NAME> in the environment, or a file api_<name> in SECRETS_DIR."""

from __future__ import annotations

from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit

from ingestion_kernel.infrastructure.config.settings import KernelSettings
from ingestion_kernel.infrastructure.storage.location import is_loopback
from pydantic import Field, SecretStr, field_validator, model_validator

from api_ingestion.application.helpers.paging import Paging, PagingKind
from api_ingestion.application.helpers.records import split_path
from api_ingestion.domain.cursor import CursorType

_MIB = 1024 * 1024
_NEXT_PATHS = {PagingKind.CURSOR: "next_cursor", PagingKind.NEXT_LINK: "next"}


class Auth(StrEnum):
    """How this service shows who it is."""

    NONE = "none"
    API_KEY = "api_key"
    BEARER = "bearer"


class ApiSettings(KernelSettings):
    """What a partner's API is like. Paths into JSON are dotted; a lone dot is the whole document.

    Attributes:
        api_url: address of the list of records; a query in it is sent with each request but those to a next link.
        api_auth: `api_key` sends `api_key` in the header `api_key_header`, `bearer` in Authorization (RFC 6750).
        api_allow_http: allow plain http beyond loopback.
        api_paging: how pages are asked for.
        api_since_param: parameter that asks for records changed since a moment; without it everything is read and
            what is known already is left out here.
        api_until_param: parameter for the upper bound, which freezes the window while it is read.
        api_settle_seconds: the upper bound lies so far in the past, for records that become visible late.
        api_cursor_field: where a record says when it was changed.
        api_field_map: contract column -> path in the source's record.
        api_page_timeout_seconds: longest time for one page as a whole; the other time-outs bound one step of it.
        api_deadline_seconds: a run older than this no longer waits for the API.
        api_retry_attempts: tries per page.
        api_retry_budget: retries per run.
    """

    api_url: str
    api_auth: Auth = Auth.API_KEY
    api_key: SecretStr | None = None
    api_key_header: str = Field(default="X-API-Key", pattern=r"\A[A-Za-z0-9-]+\z")
    api_allow_http: bool = False

    api_paging: PagingKind = PagingKind.PAGE
    api_page_param: str = "page"
    api_first_page: int = Field(default=1, ge=0)
    api_offset_param: str = "offset"
    api_cursor_param: str = "cursor"
    api_size_param: str | None = None
    api_page_size: int = Field(default=500, gt=0)
    api_records_path: str = "data"
    api_next_path: str | None = None
    api_next_optional: bool = False
    api_has_more_path: str | None = None
    api_short_page_ends: bool = False

    api_since_param: str | None = None
    api_until_param: str | None = None
    api_settle_seconds: float = Field(default=0, ge=0)
    api_cursor_field: str = "updated_at"
    api_cursor_type: CursorType = CursorType.TIMESTAMP
    api_field_map: dict[str, str] = Field(default_factory=dict)

    api_max_pages_per_batch: int = Field(default=100, gt=0)
    api_max_page_bytes: int = Field(default=64 * _MIB, gt=0)
    api_max_page_records: int = Field(default=10_000, gt=0)
    api_max_record_bytes: int = Field(default=1 * _MIB, gt=0)

    api_connect_timeout_seconds: float = Field(default=5, gt=0)
    api_read_timeout_seconds: float = Field(default=30, gt=0)
    api_page_timeout_seconds: float = Field(default=120, gt=0)
    api_deadline_seconds: float = Field(default=900, gt=0)
    api_retry_attempts: int = Field(default=6, gt=0)
    api_retry_budget: int = Field(default=60, ge=0)
    api_retry_base_seconds: float = Field(default=0.5, gt=0)
    api_retry_cap_seconds: float = Field(default=30, gt=0)

    @field_validator("api_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http or https address")
        if "@" in parts.netloc:
            raise ValueError("must hold no credentials; they belong in API_KEY")
        if parts.fragment or not (value.isascii() and value.isprintable()) or " " in value:
            raise ValueError("must be percent-encoded and have no fragment")
        return value

    @field_validator("api_key")
    @classmethod
    def _fit_for_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        # checked here because the HTTP library would quote the whole header in its error
        key = value.get_secret_value().strip() if value else ""
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ValueError("must be printable ASCII without spaces")
        return SecretStr(key) if key else None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        parts = urlsplit(self.api_url)
        if parts.scheme == "http" and not self.api_allow_http and not is_loopback(parts.hostname or ""):
            raise ValueError("API_URL must be https, or API_ALLOW_HTTP=true")
        if self.api_auth is not Auth.NONE and self.api_key is None:
            raise ValueError(f"API_AUTH={self.api_auth.value} requires API_KEY")
        if self.api_until_param and self.api_cursor_type is not CursorType.TIMESTAMP:
            raise ValueError("API_UNTIL_PARAM requires API_CURSOR_TYPE=timestamp")
        if self.api_settle_seconds and not self.api_until_param:
            raise ValueError("API_SETTLE_SECONDS requires API_UNTIL_PARAM")
        if self.api_short_page_ends and not self.api_size_param:
            raise ValueError("API_SHORT_PAGE_ENDS requires API_SIZE_PARAM, else a full page is not known")
        return self

    def paging(self) -> Paging:
        """The way to walk the pages."""
        names = {PagingKind.PAGE: self.api_page_param, PagingKind.OFFSET: self.api_offset_param}
        return Paging(
            kind=self.api_paging,
            size=self.api_page_size,
            size_param=self.api_size_param,
            position_param=names.get(self.api_paging, self.api_cursor_param),
            first_page=self.api_first_page,
            next_path=split_path(self.api_next_path or _NEXT_PATHS.get(self.api_paging, "next")),
            next_optional=self.api_next_optional,
            has_more_path=split_path(self.api_has_more_path) if self.api_has_more_path else None,
            short_page_ends=self.api_short_page_ends,
        )

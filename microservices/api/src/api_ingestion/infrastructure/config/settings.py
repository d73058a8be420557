"""The service's settings; API_<NAME> in the environment, or a file api_<name> in SECRETS_DIR."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from api_ingestion.application.helpers.documents import split_path
from api_ingestion.application.helpers.paging import Paging, PagingKind
from api_ingestion.domain.cursor import CursorType
from api_ingestion.infrastructure.config.auth_settings import AuthSettings

_MIB = 1024 * 1024
_NEXT_PATHS = {PagingKind.CURSOR: "next_cursor", PagingKind.NEXT_LINK: "next"}
_NUMBERED = (PagingKind.PAGE, PagingKind.OFFSET)


class ApiSettings(AuthSettings):
    """What a partner's API is like. Paths into JSON are dotted, `[0]` is an item; a lone dot is the whole document.

    Attributes:
        api_paging: how pages are asked for.
        api_since_param: parameter that asks for records changed since a moment; without it everything is read and
            what is known already is left out here.
        api_until_param: parameter for the upper bound, by our clock.
        api_settle_seconds: the upper bound lies so far in the past, for records that become visible late.
        api_window_seconds: cuts what is to be read into windows of this length, each paged by itself.
        api_start: where the first of them begins.
        api_cursor_field: where a record says when it was changed.
        api_field_map: contract column -> path in the source's record.
        api_mapping_file: the same in a file; see `mapping_file`.
        api_failure_path: where an answer of status 200 says that it failed after all.
        api_failure_value: what stands there then; None takes anything but null, false, 0, "" and empties.
        api_conditional: send ETag and Last-Modified back, where the API is one document (API_PAGING=none).
        api_max_pages: pages per run. An incremental run then ends, and the next goes on; a full run fails.
        api_max_json_depth: of objects and arrays within a record.
        api_prefetch_pages: pages fetched while an earlier one is written; 0 fetches none ahead.
        api_requests_per_second, api_request_burst: our own rate limit; None is none.
        api_page_timeout_seconds: longest time for one page as a whole; the other time-outs bound one step of it.
        api_deadline_seconds: a run older than this no longer waits for the API.
        api_retry_attempts: tries per page.
        api_retry_budget: retries per run.
    """

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
    api_total_path: str | None = None
    api_short_page_ends: bool = False
    api_max_pages: int | None = Field(default=None, gt=0)
    api_failure_path: str | None = None
    api_failure_value: str | None = None
    api_conditional: bool = True

    api_since_param: str | None = None
    api_until_param: str | None = None
    api_settle_seconds: float = Field(default=0, ge=0)
    api_window_seconds: float | None = Field(default=None, ge=1)
    api_start: datetime | None = None
    api_cursor_field: str = "updated_at"
    api_cursor_type: CursorType = CursorType.TIMESTAMP
    api_field_map: dict[str, str] = Field(default_factory=dict)
    api_mapping_file: Path | None = None

    api_max_pages_per_batch: int = Field(default=100, gt=0)
    api_max_page_bytes: int = Field(default=64 * _MIB, gt=0)
    api_max_page_records: int = Field(default=10_000, gt=0)
    api_max_record_bytes: int = Field(default=1 * _MIB, gt=0)
    api_max_json_depth: int = Field(default=64, gt=0, le=200)
    api_prefetch_pages: int = Field(default=1, ge=0, le=16)

    api_requests_per_second: float | None = Field(default=None, gt=0)
    api_request_burst: int = Field(default=1, gt=0)
    api_connect_timeout_seconds: float = Field(default=5, gt=0)
    api_read_timeout_seconds: float = Field(default=30, gt=0)
    api_page_timeout_seconds: float = Field(default=120, gt=0)
    api_deadline_seconds: float = Field(default=900, gt=0)
    api_retry_attempts: int = Field(default=6, gt=0)
    api_retry_budget: int = Field(default=60, ge=0)
    api_retry_base_seconds: float = Field(default=0.5, gt=0)
    api_retry_cap_seconds: float = Field(default=30, gt=0)

    @field_validator(
        "api_records_path",
        "api_next_path",
        "api_has_more_path",
        "api_total_path",
        "api_failure_path",
        "api_cursor_field",
    )
    @classmethod
    def _is_path(cls, value: str | None) -> str | None:
        if value is not None:
            split_path(value)
        return value

    @field_validator("api_start")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)

    @model_validator(mode="after")
    def _paging_consistent(self) -> Self:
        if self.api_short_page_ends and not self.api_size_param:
            raise ValueError("API_SHORT_PAGE_ENDS requires API_SIZE_PARAM, else a full page is not known")
        if self.api_total_path and self.api_paging not in _NUMBERED:
            raise ValueError("API_TOTAL_PATH requires API_PAGING=page or offset")
        if self.api_failure_value and not self.api_failure_path:
            raise ValueError("API_FAILURE_VALUE requires API_FAILURE_PATH")
        if self.api_field_map and self.api_mapping_file:
            raise ValueError("give API_FIELD_MAP or API_MAPPING_FILE, not both")
        return self

    @model_validator(mode="after")
    def _windows_consistent(self) -> Self:
        if self.api_until_param and self.api_cursor_type is not CursorType.TIMESTAMP:
            raise ValueError("API_UNTIL_PARAM requires API_CURSOR_TYPE=timestamp")
        if self.api_settle_seconds and not self.api_until_param:
            raise ValueError("API_SETTLE_SECONDS requires API_UNTIL_PARAM")
        if self.api_window_seconds and not (self.api_since_param and self.api_until_param and self.api_start):
            raise ValueError("API_WINDOW_SECONDS requires API_SINCE_PARAM, API_UNTIL_PARAM and API_START")
        if self.api_window_seconds and self.api_max_pages:
            # windows with no record publish nothing, so a run that is cut short among them would never get on
            raise ValueError("API_MAX_PAGES does not go with API_WINDOW_SECONDS")
        if self.api_start and not self.api_since_param:
            raise ValueError("API_START requires API_SINCE_PARAM")
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
            total_path=split_path(self.api_total_path) if self.api_total_path else None,
            short_page_ends=self.api_short_page_ends,
        )

"""The settings of the database service."""

from __future__ import annotations

from enum import StrEnum

from ingestion_kernel.domain.batch import RawFormat
from ingestion_kernel.infrastructure.config.settings import KernelSettings
from pydantic import Field, SecretStr, field_validator
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from database_ingestion.application.services.table_settings import NullCursors

_NO_CURSOR = "none"


class DatabaseFormat(StrEnum):
    """How rows are written to raw."""

    JSON = "json"
    CSV = "csv"

    @property
    def raw(self) -> RawFormat:
        """The kernel's name of it."""
        return RawFormat.CSV if self is DatabaseFormat.CSV else RawFormat.JSON_LINES


class DatabaseSettings(KernelSettings):
    """The kernel's settings and these.

    Attributes:
        database_url: SQLAlchemy's or libpq's form of URL; `postgres://` counts as `postgresql://`.
        db_table: `table`, `schema.table`, or either part in SQL's double quotes.
        db_cursor_column: grows with each change of a row; `none` leaves only mode full.
        db_format: of the rows in raw; csv for PostgreSQL only.
        db_column_map: column of the table -> column of the contract, as a JSON object.
        db_cursor_tie_breaker: columns, as a JSON list, along which rows with an equal cursor are cut; best a key.
        db_null_cursors: what becomes of rows whose cursor is NULL, NaN or infinite.
        db_batch_max_rows: rows that a batch aims at; rows with the same cursor and key are never torn apart.
        db_batch_max_bytes: of records, which a batch does not exceed; a single row or such rows go whole.
        db_parallel: connections that read at once in mode full. PostgreSQL.
        db_snapshot_attempts: how many snapshots in a row a standby may give up before the run fails.
        db_connect_timeout_seconds: PostgreSQL only, as the two below.
        db_statement_timeout_seconds: of one batch, not of the run.
        db_lock_timeout_seconds: how long to wait for a locked table.
        db_cursor_lag_seconds: rows younger than that wait for the next run. Unset: as long as is needed.
        db_cursor_lag_numbers: numbers below the highest one that wait. Unset: writers are waited for. PostgreSQL.
        db_writer_wait_seconds: how long, with a cursor of numbers or text. PostgreSQL.
        db_allow_plaintext: let rows of a remote database cross the network unencrypted. PostgreSQL.
        db_cursor_time_zone: what `timestamp without time zone` means. Unset: the database's own TimeZone.
    """

    database_url: SecretStr
    db_table: str
    db_cursor_column: str = "updated_at"
    db_format: DatabaseFormat = DatabaseFormat.JSON
    db_column_map: dict[str, str] = Field(default_factory=dict)
    db_cursor_tie_breaker: tuple[str, ...] = ()
    db_null_cursors: NullCursors = NullCursors.TAKE
    db_batch_max_rows: int = Field(default=1_000_000, gt=0)
    db_batch_max_bytes: int = Field(default=512 * 1024 * 1024, gt=0)
    db_parallel: int = Field(default=1, ge=1, le=16)
    db_snapshot_attempts: int = Field(default=5, ge=1)
    db_connect_timeout_seconds: float = Field(default=10, gt=0)
    db_statement_timeout_seconds: float = Field(default=1800, gt=0)
    db_lock_timeout_seconds: float = Field(default=30, gt=0)
    db_cursor_lag_seconds: float | None = Field(default=None, ge=0)
    db_cursor_lag_numbers: int | None = Field(default=None, ge=0)
    db_writer_wait_seconds: float = Field(default=60, gt=0)
    db_allow_plaintext: bool = False
    db_cursor_time_zone: str | None = None

    @field_validator("database_url")
    @classmethod
    def _is_a_url(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value().count("@") > 1:  # the rest of the password would be taken for the host, and shown
            raise ValueError("holds more than one @; write those of the login as %40")
        try:
            make_url(_sqlalchemy_form(value))
        except (ArgumentError, ValueError):
            raise ValueError("is not of the form dialect://user:password@host:port/database") from None
        return value

    @property
    def url(self) -> URL:
        """DATABASE_URL, parsed. It holds the password: str() hides it, its parts do not."""
        return make_url(_sqlalchemy_form(self.database_url))

    @property
    def cursor_column(self) -> str | None:
        """None if there is no cursor."""
        return None if self.db_cursor_column.lower() == _NO_CURSOR else self.db_cursor_column


def _sqlalchemy_form(url: SecretStr) -> str:
    text = url.get_secret_value()
    return "postgresql://" + text.removeprefix("postgres://") if text.startswith("postgres://") else text

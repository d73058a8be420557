"""The service's settings, beside the kernel's."""

from __future__ import annotations

from typing import Annotated

from ingestion_kernel.infrastructure.config.settings import KernelSettings
from ingestion_kernel.infrastructure.storage.location import parse_raw_url
from pydantic import Field, Json, StringConstraints, field_validator

from csv_ingestion.domain.readiness import Completion, Readiness
from csv_ingestion.domain.retention import Retention


class CsvSettings(KernelSettings):
    """Environment variables `CSV_*`; sizes in bytes, times in seconds."""

    csv_input_dir: str = Field(description="Where senders drop files: a directory, or abfss:// as for RAW_URL.")
    csv_completion: Completion = Field(
        default=Completion.STABLE, description="How a file is known to be whole: stable, or by a marker: done, sha256."
    )
    csv_min_age_seconds: float = Field(
        default=2.0, ge=0, description="A younger file is left for a later run, by the clock of the disk or container."
    )
    csv_look_seconds: float | None = Field(
        default=None, ge=0, description="Two looks so far apart must see a file unchanged; default: the minimum age."
    )
    csv_claim_lease_seconds: float = Field(
        default=600, ge=60, description="In a container: a claim without a sign of life for so long is taken up."
    )
    csv_archive_days: int | None = Field(default=None, ge=1, description="Archived files are removed after so long.")
    csv_rejected_days: int | None = Field(default=None, ge=1, description="Rejected files are removed after so long.")
    csv_encoding: str = Field(default="", description="The only encoding to try; empty to find out.")
    csv_fallback_encoding: str = Field(
        default="cp1252", description="Tried when a file has no byte order mark and is not UTF-8; `none` for no try."
    )
    csv_delimiters: Annotated[str, StringConstraints(strip_whitespace=False)] = Field(
        default=",;\t|", description=r"Allowed delimiters, each one character; `\t` is a tab."
    )
    csv_max_file_bytes: int = Field(default=5 * 1024**3, gt=0)
    csv_max_unpack_ratio: float = Field(default=200, ge=1, description="Of unpacked to packed bytes.")
    csv_max_field_bytes: int = Field(default=131_072, gt=0, le=16 * 1024**2)
    csv_max_bad_rows_share: float = Field(
        default=0.05, ge=0, le=1, description="Share of rows of the wrong width above which the whole file is refused."
    )
    csv_header_map: Json[dict[str, str]] = Field(
        default_factory=dict,
        validate_default=False,  # the default is no JSON text
        description="JSON object: the sender's column name -> contract column.",
    )

    @field_validator("csv_input_dir")
    @classmethod
    def _known_form(cls, value: str) -> str:
        parse_raw_url(value)
        return value

    @field_validator("csv_encoding", "csv_fallback_encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        if name.lower() in ("", "none"):
            return ""
        try:
            b" ".decode(name)
        except (LookupError, UnicodeDecodeError):
            raise ValueError("is not a text encoding that Python knows, such as cp1252 or latin-1") from None
        return name

    @field_validator("csv_delimiters")
    @classmethod
    def _usable_delimiters(cls, text: str) -> str:
        delimiters = text.replace("\\t", "\t")
        unusable = any(char.isalnum() or char in '"\r\n\0_ ' for char in delimiters)
        if not delimiters or unusable or len(set(delimiters)) != len(delimiters):
            raise ValueError("must be different characters that are no letter, digit, blank, quote or line end")
        return delimiters

    @property
    def readiness(self) -> Readiness:
        """When files are claimed."""
        look = self.csv_min_age_seconds if self.csv_look_seconds is None else self.csv_look_seconds
        return Readiness(self.csv_completion, self.csv_min_age_seconds, look)

    @property
    def retention(self) -> Retention:
        """How long files are kept."""
        return Retention(self.csv_archive_days, self.csv_rejected_days)

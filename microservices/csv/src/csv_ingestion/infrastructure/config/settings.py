"""The service's settings, beside the kernel's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ingestion_kernel.infrastructure.config.settings import KernelSettings
from pydantic import Field, Json, StringConstraints, field_validator


class CsvSettings(KernelSettings):
    """Environment variables `CSV_*`; sizes in bytes, times in seconds."""

    csv_input_dir: Path = Field(description="Directory that senders drop files into.")
    csv_min_age_seconds: float = Field(
        default=2.0, ge=0, description="A file is taken once two looks, this far apart, see it unchanged."
    )
    csv_fallback_encoding: str = Field(
        default="cp1252", description="Tried when a file has no byte order mark and is not UTF-8; `none` for no try."
    )
    csv_delimiters: Annotated[str, StringConstraints(strip_whitespace=False)] = Field(
        default=",;\t|", description=r"Allowed delimiters, each one character; `\t` is a tab."
    )
    csv_max_file_bytes: int = Field(default=5 * 1024**3, gt=0)
    csv_max_field_bytes: int = Field(default=131_072, gt=0, le=16 * 1024**2)
    csv_max_bad_rows_share: float = Field(
        default=0.05, ge=0, le=1, description="Share of rows of the wrong width above which the whole file is refused."
    )
    csv_header_map: Json[dict[str, str]] = Field(
        default_factory=dict,
        validate_default=False,  # the default is no JSON text
        description="JSON object: the sender's column name -> contract column.",
    )

    @field_validator("csv_fallback_encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        if name.lower() == "none":
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

"""The manifest: a batch's record in the raw commit log, published with it in one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ingestion_kernel.domain.batch import BatchKey, Part, RawFormat, SourceFile, Watermark

MANIFEST_FILE = "_manifest.json"
MANIFEST_VERSION = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was read and written, where from, and where the next run starts. Sizes in bytes, times in ISO 8601 UTC.

    `columns`: the header of CSV parts, by which they are read even when the contract has other columns; none in a
    manifest from before it was kept.
    """

    run_id: str
    source: str
    entity: str
    key: str
    contract_version: str
    tool_version: str
    format: RawFormat
    rows_read: int
    rows_written: int
    rows_rejected: int
    size: int
    parts: tuple[Part, ...]
    started_at: str
    finished_at: str
    watermark: Watermark | None = None
    source_files: tuple[SourceFile, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    manifest_version: int = MANIFEST_VERSION

    def __post_init__(self) -> None:
        if self.rows_read != self.rows_written + self.rows_rejected:
            raise ValueError("rows_read must equal rows_written + rows_rejected")

    @property
    def batch_key(self) -> BatchKey:
        """The key as a value object."""
        return BatchKey(self.key)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Manifest:
        """The manifest in `data`.

        Raises:
            ValueError: written by a newer version of the platform, or not a manifest.
        """
        if data.get("manifest_version") != MANIFEST_VERSION:
            raise ValueError(f"manifest_version {data.get('manifest_version')!r} is not known to this version")
        try:
            return cls(
                **{
                    **data,
                    "format": RawFormat(data["format"]),
                    "parts": tuple(Part(**part) for part in data["parts"]),
                    "source_files": tuple(SourceFile(**item) for item in data["source_files"]),
                    "columns": tuple(data.get("columns", ())),
                }
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a manifest: {type(error).__name__}") from None

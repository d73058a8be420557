"""A raw batch: its key, its parts, and what a source reports of its extraction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

#: Where a source's next run starts: JSON-able, written into the manifest. The kernel reads one member of it only, which
#: a source may add: `as_of`, the ISO 8601 time of the newest change that raw then has, and so how far raw lags behind.
Watermark = Mapping[str, Any]

_SEQUENCE_DIGITS = 20


def as_of(watermark: Watermark | None) -> datetime | None:
    """The time of the newest change that raw has, None if the source does not tell; without a zone it means UTC."""
    text = watermark.get("as_of") if watermark else None
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


class Mode(StrEnum):
    """How much of the source a run takes."""

    INCREMENTAL = "incremental"
    FULL = "full"


class RawFormat(StrEnum):
    """File formats of raw parts; the value is the file name's ending."""

    JSON_LINES = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class BatchKey:
    """Names a batch within its source: a sequence number (20 digits) or the content's sha256 (64 hex digits)."""

    text: str

    @classmethod
    def sequence(cls, number: int) -> BatchKey:
        """The key of the `number`-th batch of a cursored source."""
        return cls(f"{number:0{_SEQUENCE_DIGITS}d}")

    @classmethod
    def content(cls, sha256: str) -> BatchKey:
        """The key of a batch known by its content: the same content twice is the same key."""
        return cls(sha256)

    @property
    def number(self) -> int | None:
        """The sequence number, None for a content key."""
        return int(self.text) if len(self.text) == _SEQUENCE_DIGITS and self.text.isdigit() else None


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a batch; `sha256` in hex, `size` in bytes."""

    name: str
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """An input file that went into a batch."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a source says of the batch it has just written to the sink.

    Attributes:
        watermark: where the next run starts once this batch is published; None if the source has no cursor.
        rows_rejected: rows read that did not go into the batch but to a rejects file.
        content_addressed: the batch is keyed by its content's hash instead of the next sequence number.
        publish_if_empty: publish even with no row (a CSV file with nothing but its header).
        source_files: the input files of the batch.
        details: facts worth keeping in the manifest (encoding, dialect, pages), never a value of a row.
    """

    watermark: Watermark | None = None
    rows_rejected: int = 0
    content_addressed: bool = False
    publish_if_empty: bool = False
    source_files: tuple[SourceFile, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

"""What a row of the table becomes in raw: its columns there, and the format."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion_kernel.domain.batch import RawFormat
from ingestion_kernel.domain.canonical_csv import canonical_header

from database_ingestion.domain.table import Field


@dataclass(frozen=True, slots=True)
class RecordForm:
    """The form of every record of a run.

    Attributes:
        fields: all columns of the table, those that the contract knows first, in its order.
        contract: names of the contract's columns, in its order; the table may lack some.
        format: JSON lines hold `fields` alone; canonical CSV all columns of the contract, and the others in `_extra`.
    """

    fields: tuple[Field, ...]
    contract: tuple[str, ...]
    format: RawFormat = RawFormat.JSON_LINES

    @property
    def header(self) -> bytes:
        """What each part begins with."""
        return canonical_header(self.contract) if self.format is RawFormat.CSV else b""

    @property
    def known(self) -> tuple[Field, ...]:
        """The fields that the contract knows."""
        return tuple(field for field in self.fields if field.name in self.contract)

    @property
    def unknown(self) -> tuple[Field, ...]:
        """The others."""
        return tuple(field for field in self.fields if field.name not in self.contract)

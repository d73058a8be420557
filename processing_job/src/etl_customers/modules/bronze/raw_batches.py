"""What raw holds, by its manifests: the count that bronze must reach. Works on local disks and on mounted volumes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from customer_contract import Contract, RawFormat

from etl_customers.errors import ReconciliationFailed

#: Field in which a service delivers what the contract does not know; in CSV the last column.
EXTRA_FIELD = "_extra"


@dataclass(frozen=True)
class RawBatch:
    """A published batch; `rows` written by the service, `rejected` kept out by it; `columns`: the header of CSV."""

    batch_id: str
    source: str
    rows: int
    rejected: int
    size: int
    format: RawFormat
    columns: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its key within its source."""
        return self.batch_id.partition("/")[2]


def published_batches(raw: Path, contract: Contract) -> list[RawBatch]:
    """Every published batch of the contract's sources.

    CSV whose manifest does not tell its header is from before they did: it has the present contract's, or is refused.

    Raises:
        ReconciliationFailed: a manifest cannot be read, so nobody knows how many rows its batch has.
    """
    now = [*contract.column_names, EXTRA_FIELD]
    return [
        _read(path, source.name, now)
        for source in contract.sources
        for path in sorted((raw / source.name / contract.name).glob("batch=*/_manifest.json"))
    ]


def _read(path: Path, source: str, now: list[str]) -> RawBatch:
    batch_id = f"{source}/{path.parent.name.removeprefix('batch=')}"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        counts = (manifest["rows_written"], manifest["rows_rejected"], manifest["size"])
        raw_format = RawFormat(manifest["format"])
        header = _header(manifest.get("columns") or now) if raw_format is RawFormat.CSV else ()
        return RawBatch(batch_id, source, *counts, raw_format, header)
    except (OSError, ValueError, KeyError) as error:
        raise ReconciliationFailed(f"the manifest of {batch_id} cannot be read: {type(error).__name__}") from None


def _header(columns: object) -> tuple[str, ...]:
    """The names of a header, each once, or a ValueError."""
    if not isinstance(columns, list) or not all(isinstance(name, str) and name for name in columns):
        raise ValueError
    if len({name.lower() for name in columns}) < len(columns):
        raise ValueError
    return tuple(columns)

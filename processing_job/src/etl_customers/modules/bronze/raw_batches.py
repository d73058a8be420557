"""What raw holds, by its manifests: the count that bronze must reach. Works on local disks and on mounted volumes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from customer_contract import Contract, RawFormat

from etl_customers.errors import ReconciliationFailed


@dataclass(frozen=True)
class RawBatch:
    """A published batch; `rows` written by the service, `rejected` kept out by it."""

    batch_id: str
    source: str
    rows: int
    rejected: int
    size: int
    format: RawFormat


def published_batches(raw: Path, contract: Contract) -> list[RawBatch]:
    """Every published batch of the contract's sources.

    Raises:
        ReconciliationFailed: a manifest cannot be read, so nobody knows how many rows its batch has.
    """
    return [
        _read(path, source.name)
        for source in contract.sources
        for path in sorted((raw / source.name / contract.name).glob("batch=*/_manifest.json"))
    ]


def _read(path: Path, source: str) -> RawBatch:
    batch_id = f"{source}/{path.parent.name.removeprefix('batch=')}"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        counts = (manifest["rows_written"], manifest["rows_rejected"], manifest["size"])
        return RawBatch(batch_id, source, *counts, RawFormat(manifest["format"]))
    except (OSError, ValueError, KeyError) as error:
        raise ReconciliationFailed(f"the manifest of {batch_id} cannot be read: {type(error).__name__}") from None

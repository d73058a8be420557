"""What raw holds, by its manifests: the count that bronze must reach. Works on local disks and on mounted volumes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from customer_contract import Contract, RawFormat

from etl_customers.errors import ConfigurationInvalid, ReconciliationFailed, StorageFailed

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
        ConfigurationInvalid: there is no such directory, which must not pass for one without anything new.
        StorageFailed: it, or what a source has in it, cannot be listed.
        ReconciliationFailed: a manifest cannot be read, so nobody knows how many rows its batch has.
    """
    if not has_raw(raw):
        raise ConfigurationInvalid(f"ETL_RAW_PATH: there is no directory {raw}")
    now = [*contract.column_names, EXTRA_FIELD]
    read = (
        _read(folder, source.name, now)
        for source in contract.sources
        for folder in sorted(_batch_folders(raw / source.name / contract.name))
    )
    return [batch for batch in read if batch]


def has_raw(raw: Path) -> bool:
    """True if there is such a directory. Raises StorageFailed if nobody may know."""
    try:
        return raw.is_dir()
    except OSError as error:
        raise StorageFailed(f"the directory of ETL_RAW_PATH cannot be looked at: {error.strerror}") from None


def _batch_folders(of_source: Path) -> Iterator[Path]:
    """None of a source that has not delivered yet. Not by `glob`, to which a folder without the right to list it is
    empty.
    """
    try:
        names = os.listdir(of_source)
    except FileNotFoundError:
        return
    except OSError as error:
        told = f"{of_source.parent.name}/{of_source.name} below ETL_RAW_PATH cannot be listed: {error.strerror}"
        raise StorageFailed(told) from None
    yield from (of_source / name for name in names if name.startswith("batch="))


def _read(folder: Path, source: str, now: list[str]) -> RawBatch | None:
    """None without a manifest: not published yet."""
    batch_id = f"{source}/{folder.name.removeprefix('batch=')}"
    try:
        manifest = json.loads((folder / "_manifest.json").read_text(encoding="utf-8"))
        counts = (manifest["rows_written"], manifest["rows_rejected"], manifest["size"])
        raw_format = RawFormat(manifest["format"])
        header = _header(manifest.get("columns") or now) if raw_format is RawFormat.CSV else ()
        return RawBatch(batch_id, source, *counts, raw_format, header)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError) as error:
        raise ReconciliationFailed(f"the manifest of {batch_id} cannot be read: {type(error).__name__}") from None


def _header(columns: object) -> tuple[str, ...]:
    """The names of a header, each once, or a ValueError."""
    if not isinstance(columns, list) or not all(isinstance(name, str) and name for name in columns):
        raise ValueError
    if len({name.lower() for name in columns}) < len(columns):
        raise ValueError
    return tuple(columns)

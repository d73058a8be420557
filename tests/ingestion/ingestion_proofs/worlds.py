"""One source and one raw lake each: where rows can be added, and what raw must then hold."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from api_servers import API_KEY, PartnerServer
from demo.partner_api import SERVICE_SETTINGS
from ingestion_proofs import audit
from ingestion_proofs.processes import Setup
from ingestion_proofs.rows import COLUMNS, Identity, Row, identity, rows
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

#: Small, so that a few hundred rows make several parts and batches.
_PART_ROWS = 150


class World(ABC):
    """A source, a raw lake, and all rows that were ever added."""

    source: str
    command: str

    def __init__(self, folder: Path) -> None:
        self.raw = folder / "raw"
        self.work = folder / "work"
        self.raw.mkdir(parents=True)
        self.work.mkdir()
        self._lake = {"RAW_URL": str(self.raw)}
        self.added: list[Row] = []

    def add(self, count: int) -> None:
        """Add rows to the source. `count` must be a multiple of 3."""
        new = rows(len(self.added), count)
        self._deliver(new)
        self.added += new

    def reset(self) -> None:
        """Forget raw, and have every row in the source once more. Only while no service runs."""
        shutil.rmtree(self.raw)
        self.raw.mkdir()

    def into(self, raw_url: str, **settings: str) -> None:
        """Use another raw lake than the one on the disk."""
        self._lake = {"RAW_URL": raw_url, **settings}

    def setup(self) -> Setup:
        """The service over this world."""
        settings = {"PART_MAX_ROWS": str(_PART_ROWS), **self._lake, **self.settings()}
        return Setup(self.command, settings, self.roots(), self.secrets())

    def expected(self) -> list[Identity]:
        """What raw must hold."""
        return [identity(row) for row in self.added]

    def verify(self, raw: Path | None = None) -> int:
        """All of the world after a run that went well; returns how many rows were compared.

        Raises:
            Violation: a row is lost or doubled, a batch not whole, something is left in staging.
        """
        found = audit.batches(raw or self.raw, self.source)
        audit.unbroken(found)
        compared = audit.compare(found, self.expected())
        left = audit.staged(raw or self.raw, self.source)
        if left:
            raise audit.Violation(f"{len(left)} directories left in staging")
        return compared

    def roots(self) -> tuple[Path, ...]:
        """Where steps are counted, raw first."""
        return (self.raw,)

    def secrets(self) -> tuple[str, ...]:
        """What no output may hold."""
        return ()

    @abstractmethod
    def settings(self) -> dict[str, str]:
        """The service's settings for this source."""

    @abstractmethod
    def _deliver(self, new: list[Row]) -> None: ...


class DatabaseWorld(World):
    """A table in a real PostgreSQL; the service logs in with a password, and writes raw in `format`, a DB_FORMAT."""

    source, command = "database", "database-ingestion"

    def __init__(self, folder: Path, admin: Connection, url: str, password: str, format: str = "json") -> None:
        super().__init__(folder)
        self._format = format
        self._admin = admin
        self._url = url
        self._password = password
        self._table = f"purchases_{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(_TYPES.get(column, "text"))) for column in COLUMNS
        ]
        self._execute(sql.SQL("CREATE TABLE {} ({})").format(self._name, sql.SQL(", ").join(columns)))

    @property
    def _name(self) -> sql.Identifier:
        return sql.Identifier(self._table)

    def settings(self) -> dict[str, str]:
        table = {"DATABASE_URL": self._url, "DB_TABLE": f"public.{self._table}"}
        return {**table, "DB_BATCH_MAX_ROWS": "180", "DB_FORMAT": self._format}

    def secrets(self) -> tuple[str, ...]:
        return (self._password,)

    def _deliver(self, new: list[Row]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows([row[column] for column in COLUMNS] for row in new)
        text.seek(0)
        with self._admin.cursor() as cursor:
            cursor.copy_expert(sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(self._name), text)

    def _execute(self, statement: sql.Composable) -> None:
        with self._admin.cursor() as cursor:
            cursor.execute(statement)


_TYPES = {"purchase_date": "date", "total_amount": "numeric(18,2)", "updated_at": "timestamptz NOT NULL"}


class ApiWorld(World):
    """The demo's partner API, a process of its own."""

    source, command = "api", "api-ingestion"

    def __init__(self, folder: Path, partner: PartnerServer) -> None:
        super().__init__(folder)
        self._partner = partner

    def settings(self) -> dict[str, str]:
        paging = {"API_PAGE_SIZE": "90", "API_MAX_PAGES_PER_BATCH": "2"}
        return {**SERVICE_SETTINGS, **paging, "API_URL": self._partner.url("cursor"), "API_KEY": API_KEY}

    def secrets(self) -> tuple[str, ...]:
        return (API_KEY,)

    def _deliver(self, new: list[Row]) -> None:
        self._partner.write(*(_partner_record(row) for row in [*self.added, *new]))


class CsvWorld(World):
    """A drop folder. Each delivery is two files; the second has a row of the wrong width."""

    source, command = "csv", "csv-ingestion"
    _RAGGED = "too;few;fields"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.inbox = folder / "inbox"
        self.inbox.mkdir()
        self._files: dict[str, bytes] = {}

    def settings(self) -> dict[str, str]:
        return {"CSV_INPUT_DIR": str(self.inbox), "CSV_MIN_AGE_SECONDS": "0"}

    def roots(self) -> tuple[Path, ...]:
        return (self.raw, self.inbox)

    def reset(self) -> None:
        super().reset()
        shutil.rmtree(self.inbox)
        self.inbox.mkdir()
        for name, data in self._files.items():
            self._put(name, data)

    def verify(self, raw: Path | None = None) -> int:
        """As `World.verify`; and every file lies in the archive once, every row set aside in `rejected/` once."""
        compared = super().verify(raw)
        kept = {path.relative_to(self.inbox): path.read_bytes() for path in self.inbox.rglob("*") if path.is_file()}
        archived = sorted(data for path, data in kept.items() if path.parts[0] == "archive")
        if archived != sorted(self._files.values()):
            raise audit.Violation(f"{len(archived)} files in the archive for {len(self._files)} that were sent")
        rejects = [data for path, data in kept.items() if path.parts[0] == "rejected"]
        if len(rejects) != len(self._ragged()) or not all(data.count(b"TOO_FEW_FIELDS") == 1 for data in rejects):
            raise audit.Violation(f"{len(rejects)} files of rejected rows for {len(self._ragged())} rows")
        left = [path for path in kept if path.parts[0] not in ("archive", "rejected")]
        left += [path.relative_to(self.inbox) for path in (self.inbox / "processing").iterdir()]
        if left:
            raise audit.Violation(f"left in the drop folder: {left}")
        return compared

    def _deliver(self, new: list[Row]) -> None:
        half = len(new) // 2
        for number, part in enumerate((new[:half], new[half:])):
            text = io.StringIO()
            writer = csv.writer(text, delimiter=";", lineterminator="\n")
            writer.writerows([COLUMNS, *([row[column] for column in COLUMNS] for row in part)])
            ragged = f"{self._RAGGED}{len(self._files)}\n" if number == 1 else ""
            name = f"sales-{len(self._files):04d}.csv"
            self._files[name] = (text.getvalue() + ragged).encode()
            self._put(name, self._files[name])

    def _put(self, name: str, data: bytes) -> None:
        draft = self.inbox / f"{name}.tmp"
        draft.write_bytes(data)
        os.rename(draft, self.inbox / name)

    def _ragged(self) -> list[bytes]:
        return [data for data in self._files.values() if self._RAGGED.encode() in data]


def _partner_record(row: Row) -> str:
    """A row as the partner has it; the amount is a JSON number with these very digits."""
    record: dict[str, Any] = {
        "id": row["customer_id"],
        "customer": {
            "document": row["cpf"],
            "name": {"first": row["first_name"], "last": row["last_name"]},
            "email": row["email"],
        },
        "payment": {"card": row["credit_card_number"]},
        "purchase": {"id": row["purchase_id"], "date": row["purchase_date"], "amount": 0, "product": row["product"]},
        "store": row["store_location"],
        "updated_at": row["updated_at"],
    }
    return json.dumps(record, ensure_ascii=False).replace('"amount": 0', f'"amount": {row["total_amount"]}')

"""Where a demo of so many rows and such a seed lives: everything it makes lies under one directory."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from demo.synthetic import DATABASE_FILE, DROP_FOLDER, LEDGER_FILE, PARTNER_FILE, write_dataset

_SECRET_BYTES = 32


def runtime_folder(name: str) -> Path:
    """A directory of this user's for what lives as long as a process, or as long as the machine is up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # if XDG_RUNTIME_DIR is missing, which is no fault
        return platformdirs.user_runtime_path(name, ensure_exists=True)


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths of one demo. `root` holds nothing of another."""

    root: Path
    rows: int
    seed: int

    @classmethod
    def of(cls, home: Path, rows: int, seed: int) -> Workspace:
        """The workspace under `home` (usually `.demo`), its directories made."""
        space = cls(home.resolve() / f"rows-{rows}-seed-{seed}", rows, seed)
        for path in (space.data, space.raw, space.inbox, space.logs, space.report):
            path.mkdir(parents=True, exist_ok=True)
        space.secrets.mkdir(mode=0o700, exist_ok=True)
        return space

    @property
    def data(self) -> Path:
        """The synthetic sources."""
        return self.root / "data"

    @property
    def pgdata(self) -> Path:
        """The embedded PostgreSQL's data directory: elsewhere if ours has a space in its path, which its package, in
        release 0.6.0, does not quote.
        """
        own = self.root / "pgdata"
        if " " not in str(own):
            return own
        return runtime_folder("customer-data-demo") / hashlib.sha256(str(own).encode()).hexdigest()[:16]

    @property
    def lake(self) -> Path:
        """Parent of raw, bronze, silver and gold."""
        return self.root / "lake"

    @property
    def raw(self) -> Path:
        """The raw container."""
        return self.lake / "raw"

    @property
    def inbox(self) -> Path:
        """The drop folder of the CSV service."""
        return self.root / "inbox"

    @property
    def secrets(self) -> Path:
        """Keys and tokens, one directory for each service; mode 0700."""
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        """Log files of every process of the newest run."""
        return self.root / "logs"

    @property
    def report(self) -> Path:
        """The HTML report, and the summaries of the runs."""
        return self.root / "report"

    @property
    def database_file(self) -> Path:
        """Rows for COPY."""
        return self.data / DATABASE_FILE

    @property
    def partner_file(self) -> Path:
        """What the partner's API serves."""
        return self.data / PARTNER_FILE

    def ledger(self) -> dict[str, Any]:
        """What was planted; makes the sources on first use."""
        path = self.data / LEDGER_FILE
        if not path.exists():
            write_dataset(self.data, self.rows, self.seed)
        planted: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return planted

    def secret(self, name: str) -> Path:
        """The file of the secret `name`, readable by its owner only; a random one is made on first use."""
        path = self.secrets / name
        if not path.exists():
            self.write_secret(name, secrets.token_hex(_SECRET_BYTES))
        return path

    def write_secret(self, name: str, value: str) -> None:
        """Put `value` into the file of the secret `name`, never readable by others, not even for a moment."""
        path = self.secrets / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            stream.write(value)

    def drop_files(self) -> list[str]:
        """Drop the CSV files into the inbox, each by one rename, as a careful sender does; returns their names."""
        names = []
        for source in sorted((self.data / DROP_FOLDER).iterdir()):
            unfinished = self.inbox / f".{source.name}.part"
            shutil.copyfile(source, unfinished)
            unfinished.rename(self.inbox / source.name)
            names.append(source.name)
        return names

    def raw_rows(self) -> dict[str, int]:
        """Rows in raw by source, over all batches, as their manifests say."""
        rows: dict[str, int] = {}
        for path in self.raw.glob("*/*/batch=*/_manifest.json"):
            manifest = json.loads(path.read_text(encoding="utf-8"))
            rows[manifest["source"]] = rows.get(manifest["source"], 0) + manifest["rows_written"]
        return rows

    def table_versions(self) -> dict[str, int]:
        """Newest version of each Delta table of the lake, as `layer.table`, from the names in Delta's log."""
        versions = {}
        for log in sorted(self.lake.glob("*/*/_delta_log")):
            table = log.parent
            if not table.name.startswith("_"):
                commits = [int(path.stem) for path in log.glob("*.json") if path.stem.isdigit()]
                versions[f"{table.parent.name}.{table.name}"] = max(commits, default=-1)
        return versions

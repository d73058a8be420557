"""A drop folder and a raw lake on the disk, the true service between them, and eyes to see what came out."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from customer_contract import load_contract
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.run import Run
from ingestion_kernel.infrastructure.config.settings import load_settings
from ingestion_kernel.interfaces.composition import ServiceInfo, build_runtime

from csv_ingestion.infrastructure.config.settings import CsvSettings
from csv_ingestion.interfaces.main import build_source

COLUMNS = load_contract().column_names
INFO = ServiceInfo(name="csv-ingestion", version="0", title="", description="")

#: Stands in rows only: wherever else it shows up, a value of a row has leaked.
SECRET = "Segredo98765"

#: 12 values in contract order.
ROW = ("C1", "529.982.247-25", "Ana", SECRET, "ana@example.com.br", "4111", "31/03/2025", "10", "Mesa", "SP", "P1", "")


def text_of(*rows: tuple[str, ...], header: tuple[str, ...] = COLUMNS, delimiter: str = ";") -> str:
    """A CSV file as a sender would write it; quotes only where they are needed."""
    lines = []
    for row in (header, *rows):
        cells = ['"' + c.replace('"', '""') + '"' if any(x in c for x in delimiter + '"\r\n') else c for c in row]
        lines.append(delimiter.join(cells) + "\n")
    return "".join(lines)


def changed(**values: str) -> tuple[str, ...]:
    """`ROW` with other values."""
    return tuple(values.get(column, value) for column, value in zip(COLUMNS, ROW, strict=True))


@dataclass
class World:
    """Everything below one temporary directory."""

    root: Path

    def __post_init__(self) -> None:
        self.inbox = self.root / "in"
        self.raw = self.root / "raw"
        self.inbox.mkdir(exist_ok=True)

    def environment(self, **settings: str) -> dict[str, str]:
        """Environment variables of the service."""
        base = {"RAW_URL": str(self.raw), "CSV_INPUT_DIR": str(self.inbox), "CSV_MIN_AGE_SECONDS": "0"}
        return {**base, **settings}

    def drop(self, content: str | bytes, name: str = "vendas.csv") -> Path:
        """Put a file into the inbox."""
        path = self.inbox / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def ingest(self, **settings: str) -> Run:
        """One run in this process, through the service's own composition."""
        before = dict(os.environ)
        os.environ.update(self.environment(**settings))
        try:
            loaded = load_settings(CsvSettings)
            return build_runtime(INFO, loaded, build_source(loaded)).manager.run_now(Mode.INCREMENTAL)
        finally:
            os.environ.clear()
            os.environ.update(before)

    def command(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """The command line, as its own process."""
        return subprocess.Popen(
            [sys.executable, "-c", "from csv_ingestion.interfaces.main import main; main()", *arguments],
            env={**os.environ, **self.environment(**settings)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def batches(self) -> list[Path]:
        """The published batches."""
        return sorted((self.raw / "csv" / "customers").glob("batch=*"))

    def manifest(self) -> dict[str, Any]:
        """The manifest of the only batch."""
        (batch,) = self.batches()
        return json.loads((batch / "_manifest.json").read_text(encoding="utf-8"))

    def part(self) -> bytes:
        """The bytes of the only part of the only batch."""
        (batch,) = self.batches()
        (part,) = batch.glob("part-*")
        return part.read_bytes()

    def rows(self) -> list[dict[str, str]]:
        """The rows of the only batch, read as RFC 4180."""
        text = self.part().decode("utf-8")
        return list(csv.DictReader(text.splitlines(keepends=True), strict=True))

    def reasons(self) -> list[dict[str, Any]]:
        """The reason.json of every file set aside."""
        files = sorted((self.inbox / "rejected").glob("*/reason.json"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in files]

    def tree(self, *below: str) -> list[str]:
        """Files under a folder of the inbox, relative to it."""
        folder = self.inbox.joinpath(*below)
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())

    def rejected_file(self, **settings: str) -> dict[str, Any]:
        """Ingest; assert that the one file was set aside as a whole and told nothing of its rows; its reason."""
        run = self.ingest(**settings)
        assert run.error is None
        assert (run.inputs_rejected, run.rows_read, run.batches) == (1, 0, [])
        assert self.batches() == []
        assert self.tree("processing") == []
        (reason,) = self.reasons()
        assert reason["advice"] and SECRET not in json.dumps(reason)
        return reason

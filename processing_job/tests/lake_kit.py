"""A lake in a temporary directory: raw batches written as the services write them, and the real job run over it."""

from __future__ import annotations

import csv
import io
import json
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from customer_contract import load_contract
from pyspark.sql import DataFrame

from etl_customers.config.settings import JobSettings
from etl_customers.job import Job, Layer, RunResult
from etl_customers.modules.silver.counts import SilverCounts
from etl_customers.utils.lake_table import LakeTable

CPFS = ("52998224725", "11144477735", "12345678909", "39053344705", "93541134780")


def record(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A valid record as the database delivers it; `changes` overwrite, and None removes a field."""
    base = {
        "customer_id": f"C{number}",
        "cpf": CPFS[number % len(CPFS)],
        "first_name": "Ana",
        "last_name": "Souza",
        "email": f"ana.souza{number}@example.com.br",
        "credit_card_number": "4111 1111 1111 1111",
        "purchase_date": "2025-03-31",
        "total_amount": "10.50",
        "product": "Café",
        "store_location": "São Paulo",
        "purchase_id": f"P{number}",
        "updated_at": "2025-04-01T12:00:00Z",
    }
    return {name: value for name, value in (base | changes).items() if value is not None}


class SmallLake:
    """Paths of one lake, its key, its contract (the packaged one, unless another is given), and a run of the job."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.contract_path: Path | None = None
        root.mkdir(parents=True, exist_ok=True)
        if not (root / "token.key").exists():
            (root / "token.key").write_text(secrets.token_hex(32), encoding="utf-8")
        self._batches = 0

    @property
    def settings(self) -> JobSettings:
        layers = {f"{name}_path": str(self.root / name) for name in ("raw", "bronze", "silver", "gold", "runs")}
        return JobSettings(**layers, token_key_file=self.root / "token.key", contract_path=self.contract_path)

    @property
    def header(self) -> list[str]:
        """Of canonical CSV by the present contract."""
        return [*load_contract(self.contract_path).column_names, "_extra"]

    def put(self, source: str, *records: dict[str, Any]) -> Path:
        """Publish a batch of JSON lines."""
        lines = [json.dumps(item, ensure_ascii=False) for item in records]
        return self.put_text(source, "".join(f"{line}\n" for line in lines), len(records))

    def put_csv(self, *records: dict[str, Any]) -> Path:
        """Publish a batch of the csv source, in the canonical form of its service."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        return self.put_text("csv", text.getvalue(), len(records), "csv")

    def put_copied(self, source: str, *records: dict[str, Any]) -> Path:
        """Publish a batch of canonical CSV as PostgreSQL's COPY writes it."""
        rows = [[_copied(item.get(name)) for name in self.header] for item in records]
        text = "".join(",".join(row) + "\n" for row in [self.header, *rows])
        return self.put_text(source, text, len(records), "csv")

    def put_text(
        self, source: str, text: str, rows: int, ending: str = "jsonl", header: list[str] | None = None
    ) -> Path:
        """Publish a batch of one part with that text; `header`: what the manifest of CSV says of it."""
        self._batches += 1
        batch = self.root / "raw" / source / "customers" / f"batch={self._batches:020d}"
        batch.mkdir(parents=True)
        (batch / f"part-00000.{ending}").write_text(text, encoding="utf-8")
        manifest = {"rows_written": rows, "rows_rejected": 0, "size": len(text), "format": ending}
        if ending == "csv":
            manifest["columns"] = header or self.header
        (batch / "_manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return batch

    def job(self) -> Job:
        """A new run of the job."""
        return Job(self.settings, secrets.token_hex(4))

    def run(self, layer: Layer = Layer.ALL) -> RunResult:
        """Run the job and return what it did."""
        return self.job().run(layer)

    def run_to_silver(self) -> RunResult:
        """Run bronze and silver, for tests that do not look at gold: it is a third of a small run's time."""
        self.run(Layer.BRONZE)
        return self.run(Layer.SILVER)

    def run_purchases(self) -> SilverCounts:
        """From what bronze holds to purchases and quarantine, without golden customers: these take as long again."""
        nobody: Any = _Nobody()
        return replace(self.job()._silver_load(), customers=nobody).run()

    def options(self) -> list[str]:
        """The settings as options of the command."""
        settings = self.settings.model_dump(mode="json").items()
        return [f"--{name.replace('_', '-')}={value}" for name, value in settings if value is not None]

    def content(self) -> dict[str, set[str]]:
        """Every table's rows, without what names the run or the time of reading: equal content, equal tables."""
        volatile = ("_run_id", "_ingested_at", "run_id")
        found = {}
        for table in self.job().tables():
            frame = table.read().drop(*volatile)
            found[table.name] = {str(row) for row in frame.collect()}
        return found

    def versions(self) -> dict[str, int]:
        """Every table's version."""
        return {table.name: table.version() for table in self.job().tables()}


class _Nobody:
    """Golden customers that nobody keeps up."""

    def refresh(self, *_: object) -> None:
        return None


def _copied(text: str | None) -> str:
    """NULL is nothing, an empty text two quotes."""
    if text is None:
        return ""
    odd = text == "" or any(mark in text for mark in ',"\r\n')
    return '"' + text.replace('"', '""') + '"' if odd else text


_MADE_WITH = LakeTable._properties


def properties_once_large(table: LakeTable) -> dict[str, str]:
    """What a table has that grew large, after its maintenance."""
    return _MADE_WITH(table) | ({"delta.enableDeletionVectors": "true"} if table._may_mark else {})


def vacuum_now(table: LakeTable) -> None:
    """Delete every file that the newest version does not need, however young."""
    check = "spark.databricks.delta.retentionDurationCheck.enabled"
    table.spark.conf.set(check, "false")
    try:
        table.delta().vacuum(0)
    finally:
        table.spark.conf.unset(check)


def rows_of(frame: DataFrame) -> list[str]:
    """Rows as text, sorted."""
    return sorted(str(row) for row in frame.collect())


def assert_kept_up_as_from_nothing(job: Job) -> None:
    """What is kept up by changes equals a full rebuild, row by row."""
    purchases = job.purchases.read()
    for grouped in (job.customers, job.monthly, job.per_store, job.customer_360):
        assert rows_of(grouped.table.read()) == rows_of(grouped.computed(purchases)), grouped.table.name

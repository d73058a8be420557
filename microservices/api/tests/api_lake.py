"""Runs the true use case on a true local lake, and reads back what it published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.interfaces.main import build_source
from api_servers import API_KEY
from ingestion_kernel.application.helpers.batch_writer import PartLimits
from ingestion_kernel.application.services.ingest import IngestionService, IngestionSetup, new_run
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.manifest import Manifest
from ingestion_kernel.domain.ports.raw_lake import RawLake
from ingestion_kernel.domain.ports.source import Source
from ingestion_kernel.domain.run import Run
from ingestion_kernel.infrastructure.storage.local import LocalRawLake
from ingestion_kernel.infrastructure.telemetry.system_clock import SystemClock


class SilentTelemetry:
    """A `Telemetry` that tells nobody."""

    def run_started(self, run: Run) -> None: ...
    def batch_published(self, run: Run, manifest: Manifest) -> None: ...
    def batch_skipped(self, run: Run, key: str) -> None: ...
    def conflict(self, run: Run, key: str) -> None: ...
    def run_ended(self, run: Run, error: BaseException | None) -> None: ...


class Bench:
    """One lake, ingested into as often as wished."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def settings(self, url: str, **changes: Any) -> ApiSettings:
        """Settings with quick retries; `changes` without the prefix api_."""
        values: dict[str, Any] = {"api_key": API_KEY, "api_retry_base_seconds": 0.01} | {
            f"api_{k}": v for k, v in changes.items()
        }
        return ApiSettings(raw_url=str(self.root), api_url=url, **values)

    def ingest(self, url: str, mode: Mode = Mode.INCREMENTAL, lake: RawLake | None = None, **changes: Any) -> Run:
        """Run once; the ended run."""
        return self.ingest_from(build_source(self.settings(url, **changes)), mode, lake)

    def ingest_from(self, source: Source, mode: Mode = Mode.INCREMENTAL, lake: RawLake | None = None) -> Run:
        """Run `source` once; the ended run."""
        clock = SystemClock()
        setup = IngestionSetup("customers", "1.0.0", "test", PartLimits(), 86_400)
        lake = lake or LocalRawLake(self.root, "customers")
        run = new_run("run", "api", mode, clock)
        IngestionService(source, lake, clock, SilentTelemetry(), setup).execute(run)
        return run

    def manifests(self) -> list[dict[str, Any]]:
        """Of all published batches, oldest key first."""
        return [json.loads(path.read_text()) for path in sorted(self.root.glob("api/customers/batch=*/_manifest.json"))]

    def lines(self) -> list[str]:
        """All lines of raw, in order."""
        parts = sorted(self.root.glob("api/customers/batch=*/part-*.jsonl"))
        return [line for part in parts for line in part.read_text(encoding="utf-8").splitlines()]

    def rows(self) -> list[dict[str, Any]]:
        """All rows of raw, in order."""
        return [json.loads(line) for line in self.lines()]

    def column(self, name: str) -> list[Any]:
        """One column of all rows."""
        return [row.get(name) for row in self.rows()]

"""A whole service with a toy source, run as its own process by the tests of the shells.

Settings: TOY_ROWS rows a batch with TOY_TEXT in each, TOY_BATCHES batches a run, TOY_GATE a file that each batch waits
for, TOY_PACE seconds before each row, TOY_RETRY seconds to wait as if for a retry, TOY_FAULT how to fail.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from kernel_fakes import FakeBatch, FakeSource
from pydantic import SecretStr

from ingestion_kernel.application.helpers.interruption import pause_before_retry
from ingestion_kernel.domain.batch import Extraction, Mode, Watermark
from ingestion_kernel.domain.exceptions import SourceAccessDenied, SourceUnavailable
from ingestion_kernel.infrastructure.config.settings import KernelSettings
from ingestion_kernel.interfaces.cli import ServiceInfo, service_cli


class ToySettings(KernelSettings):
    """Settings of the toy."""

    toy_rows: int = 3
    toy_batches: int = 1
    toy_gate: Path | None = None
    toy_text: str = ""
    toy_pace: float = 0
    toy_retry: float = 0
    toy_fault: str = ""
    toy_rejects: int = 0
    toy_password: SecretStr = SecretStr("")


def build_source(settings: ToySettings) -> FakeSource:
    """The toy source."""

    def wait() -> None:
        while settings.toy_gate and not settings.toy_gate.exists():
            time.sleep(0.02)
        if settings.toy_retry:
            pause_before_retry(settings.toy_retry)

    def paced(rows: list[bytes]) -> Iterator[bytes]:
        for row in rows:
            time.sleep(settings.toy_pace)
            yield row

    def fault() -> Exception | None:
        match settings.toy_fault:
            case "denied":
                return SourceAccessDenied("the toy refuses the password")
            case "unforeseen":
                return RuntimeError(f"cannot insert 52998224725 with {settings.toy_password.get_secret_value()}")
        return None

    def plan(mode: Mode, watermark: Watermark | None) -> list[FakeBatch]:
        if mode is Mode.INCREMENTAL and watermark:
            return []
        rows = [f'{{"n": "{number}{settings.toy_text}"}}\n'.encode() for number in range(settings.toy_rows)]
        done = Extraction(watermark={"done": True, "as_of": "2025-03-31T12:00:00Z"}, rows_rejected=settings.toy_rejects)
        return [FakeBatch(paced(rows), done, before=wait, fault=fault()) for _ in range(settings.toy_batches)]

    source = FakeSource(plan)
    if settings.toy_fault == "down":
        source.fault = SourceUnavailable("the toy is down")
    return source


INFO = ServiceInfo("toy-ingestion", "9.8.7", "Toy ingestion", "Ingests toys.")
app = service_cli(INFO, ToySettings, build_source)

if __name__ == "__main__":
    app()

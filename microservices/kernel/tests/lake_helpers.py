"""Batches to publish, and the ADLS adapter on the fake server."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fake_dfs import FakeDfs
from pydantic import SecretStr

from ingestion_kernel.domain.batch import BatchKey, Part, RawFormat, SourceFile
from ingestion_kernel.domain.manifest import Manifest
from ingestion_kernel.domain.ports.raw_lake import RawLake, StagedBatch
from ingestion_kernel.infrastructure.storage.adls import AdlsRawLake
from ingestion_kernel.infrastructure.storage.adls_calls import connect
from ingestion_kernel.infrastructure.storage.location import AdlsLocation, parse_raw_url

KEY = SecretStr("c2VjcmV0")


def adls(url: str, **options: object) -> AdlsRawLake:
    location = parse_raw_url(url)
    assert isinstance(location, AdlsLocation)
    return AdlsRawLake(connect(location, KEY), location.prefix, "customers", **options)  # type: ignore[arg-type]


def manifest_of(key: BatchKey, run_id: str = "run-1", rows: int = 2) -> Manifest:
    return Manifest(
        run_id=run_id,
        source="csv",
        entity="customers",
        key=key.text,
        contract_version="1.0.0",
        tool_version="test 1",
        format=RawFormat.JSON_LINES,
        rows_read=rows + 1,
        rows_written=rows,
        rows_rejected=1,
        size=8,
        parts=(Part("part-00000.jsonl", rows, 8, hashlib.sha256(b"one\ntwo\n").hexdigest()),),
        started_at="2025-01-01T00:00:00+00:00",
        finished_at="2025-01-01T00:00:01+00:00",
        watermark={"cursor": "2025-01-01", "nested": {"id": 9007199254740993}},
        source_files=(SourceFile("São Paulo.csv", 8, "ab"),),
        details={"encoding": "utf-8"},
    )


def stage(lake: RawLake, run_id: str = "run-1", data: bytes = b"one\ntwo\n") -> StagedBatch:
    staged = lake.stage(run_id, "csv")
    part = staged.open_part("part-00000.jsonl")
    part.write(data[:4])
    part.write(data[4:])
    part.close()
    return staged


def publish(lake: RawLake, key: BatchKey, run_id: str = "run-1") -> Manifest:
    manifest = manifest_of(key, run_id)
    stage(lake, run_id).publish(manifest)
    return manifest


@contextmanager
def running() -> Iterator[FakeDfs]:
    """The server, in a thread."""
    server = FakeDfs()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Batches to publish, and the ADLS adapter on our own server."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from pydantic import SecretStr

from ingestion_kernel.domain.batch import BatchKey, Part, RawFormat, SourceFile
from ingestion_kernel.domain.manifest import Manifest
from ingestion_kernel.domain.ports.raw_lake import RawLake, StagedBatch
from ingestion_kernel.infrastructure.storage.adls import AdlsRawLake
from ingestion_kernel.infrastructure.storage.adls_calls import connect
from ingestion_kernel.infrastructure.storage.location import AdlsLocation, parse_raw_url

KEY = SecretStr("c2VjcmV0")
ROWS = b"one\ntwo\n"


def adls(url: str, **options: object) -> AdlsRawLake:
    location = parse_raw_url(url)
    assert isinstance(location, AdlsLocation)
    return AdlsRawLake(connect(location, KEY), location.prefix, "customers", **options)  # type: ignore[arg-type]


def manifest_of(
    key: BatchKey, run_id: str = "run-1", parts: Mapping[str, bytes] | None = None, rows: int | None = None
) -> Manifest:
    """A manifest that tells the truth of `parts` (name: content); by default one part of two rows."""
    content = {"part-00000.jsonl": ROWS} if parts is None else parts
    rows = sum(data.count(b"\n") for data in content.values()) if rows is None else rows
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
        size=sum(map(len, content.values())),
        parts=tuple(
            Part(name, data.count(b"\n"), len(data), hashlib.sha256(data).hexdigest()) for name, data in content.items()
        ),
        started_at="2025-01-01T00:00:00+00:00",
        finished_at="2025-01-01T00:00:01+00:00",
        watermark={"cursor": "2025-01-01", "nested": {"id": 9007199254740993}},
        source_files=(SourceFile("São Paulo.csv", 8, "ab"),),
        details={"encoding": "utf-8"},
    )


def write_part(staged: StagedBatch, data: bytes, name: str = "part-00000.jsonl") -> None:
    part = staged.open_part(name)
    part.write(data[:4])
    part.write(data[4:])
    part.close()


def stage(lake: RawLake, run_id: str = "run-1", data: bytes = ROWS) -> StagedBatch:
    staged = lake.stage(run_id, "csv")
    write_part(staged, data)
    return staged


def publish(lake: RawLake, key: BatchKey, run_id: str = "run-1") -> Manifest:
    manifest = manifest_of(key, run_id)
    staged = stage(lake, run_id)
    try:
        staged.publish(manifest)
    finally:
        staged.discard()
    return manifest

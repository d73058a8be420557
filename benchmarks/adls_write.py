"""`python adls_write.py CONTESTANT RAW_URL SAMPLE PARTS`: writes a file of 128 MiB to ADLS so many times.

Prints the seconds it took.

A script of its own, so that each contestant's memory is that of a process of its own.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from azure.storage.filedatalake import FileSystemClient
from pydantic import SecretStr

from ingestion_kernel.domain.batch import BatchKey, Part, RawFormat
from ingestion_kernel.domain.manifest import Manifest
from ingestion_kernel.infrastructure.storage.adls import AdlsRawLake
from ingestion_kernel.infrastructure.storage.adls_calls import connect
from ingestion_kernel.infrastructure.storage.location import AdlsLocation, parse_raw_url

_MIB = 1024 * 1024
PART_BYTES = 128 * _MIB  # the services' own default
_CHUNK_BYTES = 256 * 1024  # what the services write at a time
_KEY = SecretStr("c2VjcmV0")


def write_sample(file: Path) -> None:
    """The content of one part."""
    block = os.urandom(8 * _MIB)
    file.write_bytes(block * (PART_BYTES // len(block)))


def ours(container: FileSystemClient, sample: Path, parts: int) -> None:
    """The lake of the services: 8 MiB appends with MD5, flushed, checked and renamed into place."""
    staged = AdlsRawLake(container, "bench", "customers").stage("run", "bench")
    for number in range(parts):
        file = staged.open_part(_name(number))
        with sample.open("rb", buffering=0) as source:
            while chunk := source.read(_CHUNK_BYTES):
                file.write(chunk)
        file.close()
    staged.publish(_manifest(parts))
    staged.discard()


def upload_data(container: FileSystemClient, sample: Path, parts: int) -> None:
    """The SDK's own upload with its defaults: appends of 100 MiB, no checksum, nothing atomic."""
    for number in range(parts):
        file = container.get_file_client(f"bench/{_name(number)}")
        with sample.open("rb") as source:
            file.upload_data(source, overwrite=True)


def upload_data_checked(container: FileSystemClient, sample: Path, parts: int) -> None:
    """The SDK's own upload, told to send what ours sends: 8 MiB appends with MD5."""
    for number in range(parts):
        file = container.get_file_client(f"bench/{_name(number)}")
        with sample.open("rb") as source:
            file.upload_data(source, overwrite=True, chunk_size=8 * _MIB, validate_content=True)


def _name(number: int) -> str:
    return f"part-{number:05d}.jsonl"


def _manifest(parts: int) -> Manifest:
    digest = hashlib.sha256(b"not measured here").hexdigest()
    return Manifest(
        run_id="run",
        source="bench",
        entity="customers",
        key=BatchKey.sequence(1).text,
        contract_version="1.0.0",
        tool_version="bench",
        format=RawFormat.JSON_LINES,
        rows_read=0,
        rows_written=0,
        rows_rejected=0,
        size=parts * PART_BYTES,
        parts=tuple(Part(_name(number), 0, PART_BYTES, digest) for number in range(parts)),
        started_at="",
        finished_at="",
    )


CONTESTANTS: dict[str, Callable[[FileSystemClient, Path, int], None]] = {
    "ours": ours,
    "upload_data": upload_data,
    "upload_data_checked": upload_data_checked,
}


def main(contestant: str, url: str, sample: Path, parts: int) -> None:
    """Write, check that all arrived, clear up, tell the seconds of the writing."""
    location = parse_raw_url(url)
    assert isinstance(location, AdlsLocation)
    container = connect(location, _KEY)
    began = time.perf_counter()
    CONTESTANTS[contestant](container, sample, parts)
    seconds = time.perf_counter() - began
    sizes = [path.content_length for path in container.get_paths("bench") if path.name.endswith(".jsonl")]
    if sizes != [PART_BYTES] * parts:
        sys.exit(f"{contestant} left files of {sizes} bytes")
    container.delete_directory("bench")
    print(seconds)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))

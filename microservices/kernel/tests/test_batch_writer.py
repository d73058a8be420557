"""How records become parts."""

from __future__ import annotations

import hashlib

import pytest
from kernel_fakes import MemoryLake, MemoryStagedBatch

from ingestion_kernel.application.helpers.batch_writer import BatchWriter, PartLimits
from ingestion_kernel.domain.batch import RawFormat

ROWS = [f"{number},x\n".encode() for number in range(100)]


def write(
    rows: list[bytes], limits: PartLimits, header: bytes = b""
) -> tuple[BatchWriter, MemoryStagedBatch, list[tuple[int, int]]]:
    staged = MemoryStagedBatch(MemoryLake())
    progress: list[tuple[int, int]] = []
    writer = BatchWriter(staged, RawFormat.CSV, header, limits, lambda rows, size: progress.append((rows, size)))
    for row in rows:
        writer.write(row)
    return writer, staged, progress


@pytest.mark.parametrize("header", [b"a,b\n", b""])
@pytest.mark.parametrize(
    ("limits", "parts"),
    [
        (PartLimits(), 1),
        (PartLimits(rows=30), 4),
        (PartLimits(rows=50), 2),
        (PartLimits(size=40, chunk_bytes=1), 13),
        (PartLimits(rows=1), 100),
    ],
)
def test_parts_hold_every_row_once_in_order_whole_and_each_has_the_header(
    limits: PartLimits, parts: int, header: bytes
) -> None:
    writer, staged, progress = write(ROWS, limits, header)
    written = writer.finish()
    assert len(written) == parts
    assert [part.name for part in written] == [f"part-{number:05d}.csv" for number in range(parts)]
    assert all(staged.parts[part.name].startswith(header) for part in written)
    assert b"".join(staged.parts[part.name].removeprefix(header) for part in written) == b"".join(ROWS)
    for part in written:
        data = staged.parts[part.name]
        assert (part.size, part.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert part.rows == data.count(b"\n") - header.count(b"\n")
    assert sum(rows for rows, _ in progress) == 100
    assert sorted(staged.closed) == sorted(part.name for part in written)


def test_the_contents_hash_does_not_depend_on_the_cut_or_the_header() -> None:
    hashes = set()
    for limits, header in [(PartLimits(), b""), (PartLimits(rows=7), b"a,b\n"), (PartLimits(size=10), b"x\n")]:
        writer, _, _ = write(ROWS, limits, header)
        writer.finish()
        hashes.add(writer.content_sha256)
    assert hashes == {hashlib.sha256(b"".join(ROWS)).hexdigest()}


def test_no_record_makes_one_part_of_the_bare_header() -> None:
    writer, staged, _ = write([], PartLimits(), b"a,b\n")
    assert [(part.rows, part.size) for part in writer.finish()] == [(0, 4)]
    assert staged.parts == {"part-00000.csv": b"a,b\n"}


def test_several_records_in_one_write_are_counted_and_stay_in_one_part() -> None:
    staged = MemoryStagedBatch(MemoryLake())
    writer = BatchWriter(staged, RawFormat.JSON_LINES, b"", PartLimits(rows=2), lambda rows, size: None)
    writer.write(b"1\n2\n3\n", rows=3)
    writer.write(b"4\n")
    assert [part.rows for part in writer.finish()] == [3, 1]


def test_memory_is_a_chunk_and_not_the_batch() -> None:
    """What waits in the writer never exceeds one chunk and one record."""
    staged = MemoryStagedBatch(MemoryLake())
    waiting = 0
    most = 0

    def on_rows(rows: int, size: int) -> None:
        nonlocal waiting
        waiting -= size

    writer = BatchWriter(staged, RawFormat.JSON_LINES, b"", PartLimits(chunk_bytes=1000), on_rows)
    for _ in range(5000):
        waiting += 100
        writer.write(b"x" * 99 + b"\n")
        most = max(most, waiting)
    assert most <= 1100

"""What the local lake makes durable, and in which order: seen at the system calls, which go through."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from lake_helpers import manifest_of, publish, stage

from ingestion_kernel.domain.batch import BatchKey
from ingestion_kernel.infrastructure.storage.local import LocalRawLake


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The calls of fsync and rename so far, with the path of the former and the target of the latter."""
    calls: list[tuple[str, str]] = []
    fsync, rename = os.fsync, os.rename

    def recording_fsync(descriptor: int) -> None:
        fsync(descriptor)
        calls.append(("fsync", os.readlink(f"/proc/self/fd/{descriptor}")))

    def recording_rename(source: Path, target: Path) -> None:
        rename(source, target)
        calls.append(("rename", str(target)))

    monkeypatch.setattr(os, "fsync", recording_fsync)
    monkeypatch.setattr(os, "rename", recording_rename)
    return calls


def test_a_batch_is_on_the_disk_before_it_is_visible_and_its_name_after_it(
    tmp_path: Path, seen: list[tuple[str, str]]
) -> None:
    lake = LocalRawLake(tmp_path / "raw", "customers")
    publish(lake, BatchKey.sequence(1))
    del seen[:]
    staged = stage(lake)
    (folder,) = (tmp_path / "raw" / "_staging" / "csv").iterdir()
    staged.publish(manifest_of(BatchKey.sequence(2)))
    batches = tmp_path / "raw" / "csv" / "customers"
    assert seen == [
        ("fsync", str(folder / "part-00000.jsonl")),
        ("fsync", str(folder / "_manifest.json")),
        ("fsync", str(folder)),
        ("rename", str(batches / f"batch={BatchKey.sequence(2).text}")),
        ("fsync", str(batches)),
    ]


def test_each_folder_that_is_made_is_durable_in_its_parent(tmp_path: Path, seen: list[tuple[str, str]]) -> None:
    root = tmp_path / "new" / "raw"
    publish(LocalRawLake(root, "customers"), BatchKey.sequence(1))
    published = seen.index(("rename", str(root / "csv" / "customers" / f"batch={BatchKey.sequence(1).text}")))
    for parent in (tmp_path, tmp_path / "new", root, root / "_staging", root / "csv"):
        assert ("fsync", str(parent)) in seen[:published], parent


def test_what_is_swept_is_taken_away_whole_before_it_is_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a run that comes to life in between could publish what is left of its parts."""
    lake = LocalRawLake(tmp_path / "raw", "customers")
    stage(lake)
    (folder,) = (tmp_path / "raw" / "_staging" / "csv").iterdir()
    for path in (folder, *folder.iterdir()):
        os.utime(path, (0, 0))
    there: list[bool] = []
    rmtree = shutil.rmtree

    def recording_rmtree(path: Path, ignore_errors: bool) -> None:
        there.append(folder.exists())
        rmtree(path, ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", recording_rmtree)
    assert lake.sweep("csv", 60) == 1
    assert there == [False]
    assert list(folder.parent.iterdir()) == []

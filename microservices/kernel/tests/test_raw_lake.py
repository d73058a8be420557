"""The contract of the port `RawLake`, for each adapter."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fake_dfs import FakeDfs
from lake_helpers import adls, manifest_of, publish, running, stage

from ingestion_kernel.domain.batch import BatchKey
from ingestion_kernel.domain.exceptions import BatchExists, LakeUnavailable
from ingestion_kernel.domain.ports.raw_lake import RawLake
from ingestion_kernel.infrastructure.storage.local import LocalRawLake


@dataclass
class Case:
    """An adapter, what lies in its container (path: content), and a container that cannot be used."""

    lake: RawLake
    files: Callable[[], dict[str, bytes]]
    broken: RawLake
    age_staging: Callable[[float], None]


def local_case(folder: Path) -> Case:
    root = folder / "raw"
    wall = folder / "a-file"
    wall.write_text("not a directory")  # root may write everywhere, but not below a regular file

    def files() -> dict[str, bytes]:
        return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    def age(seconds: float) -> None:
        for path in root.rglob("*"):
            os.utime(path, (time.time() - seconds,) * 2)

    return Case(LocalRawLake(root, "customers"), files, LocalRawLake(wall / "raw", "customers"), age)


def adls_case(server: FakeDfs) -> Case:
    def files() -> dict[str, bytes]:
        entries = server.containers["raw"]
        inside = {path.removeprefix("lake/"): entry for path, entry in entries.items()}
        return {path: entry.data for path, entry in inside.items() if not entry.directory}

    def age(seconds: float) -> None:
        for entry in server.containers["raw"].values():
            entry.modified -= seconds

    lake = adls(f"{server.url}/lake", now=lambda: server.clock)
    return Case(lake, files, adls(server.url.replace("/raw", "/nowhere")), age)


@pytest.fixture(params=["local", "adls"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    if request.param == "local":
        yield local_case(tmp_path)
        return
    with running() as server:
        yield adls_case(server)


@pytest.fixture
def lake(case: Case) -> RawLake:
    return case.lake


def test_a_new_container_has_no_batch(lake: RawLake) -> None:
    assert lake.newest("csv") is None
    assert lake.find("csv", BatchKey.sequence(1)) is None
    assert lake.sweep("csv", 60) == 0


def test_parts_and_manifest_appear_together_and_not_before(case: Case) -> None:
    key = BatchKey.sequence(1)
    staged = stage(case.lake)
    assert all(path.startswith("_staging/csv/") for path in case.files())
    assert case.lake.newest("csv") is None
    staged.publish(manifest_of(key))
    folder = f"csv/customers/batch={key.text}"
    assert set(case.files()) == {f"{folder}/part-00000.jsonl", f"{folder}/_manifest.json"}
    assert case.files()[f"{folder}/part-00000.jsonl"] == b"one\ntwo\n"


def test_a_manifest_comes_back_as_it_was_published(lake: RawLake) -> None:
    published = publish(lake, BatchKey.sequence(1))
    found = lake.find("csv", BatchKey.sequence(1))
    assert found == published
    assert found.rows_read == found.rows_written + found.rows_rejected
    assert lake.newest("csv") == published


def test_a_second_publish_of_a_key_changes_nothing(case: Case) -> None:
    key = BatchKey.sequence(1)
    publish(case.lake, key, "run-1")
    before = case.files()
    late = stage(case.lake, "run-2", b"three\nfour\n")
    with pytest.raises(BatchExists):
        late.publish(manifest_of(key, "run-2"))
    late.discard()
    assert case.files() == before


def test_newest_is_the_highest_sequence_and_no_content_key(lake: RawLake) -> None:
    for key in (BatchKey.sequence(2), BatchKey.sequence(10), BatchKey.sequence(9), BatchKey.content("f" * 64)):
        publish(lake, key)
    newest = lake.newest("csv")
    assert newest and newest.batch_key.number == 10
    assert lake.newest("database") is None


def test_discard_leaves_nothing_and_may_come_twice_or_after_publish(case: Case) -> None:
    staged = stage(case.lake)
    staged.discard()
    staged.discard()
    assert case.files() == {}
    published = stage(case.lake)
    published.publish(manifest_of(BatchKey.sequence(1)))
    published.discard()
    assert len(case.files()) == 2


def test_two_stagings_of_one_run_do_not_meet(lake: RawLake) -> None:
    stage(lake, "run-1").publish(manifest_of(BatchKey.sequence(1)))
    stage(lake, "run-1").publish(manifest_of(BatchKey.sequence(2)))


def test_sweep_removes_what_crashed_runs_left_and_spares_the_rest(case: Case) -> None:
    publish(case.lake, BatchKey.sequence(1))
    stage(case.lake, "crashed")
    case.age_staging(3600)
    alive = stage(case.lake, "alive")
    assert case.lake.sweep("database", 1800) == 0
    assert case.lake.sweep("csv", 1800) == 1
    assert case.lake.sweep("csv", 1800) == 0
    alive.publish(manifest_of(BatchKey.sequence(2)))
    assert len(case.files()) == 4


def test_an_empty_part_is_a_file(case: Case) -> None:
    staged = case.lake.stage("run-1", "csv")
    part = staged.open_part("part-00000.jsonl")
    part.write(b"")
    part.close()
    staged.publish(manifest_of(BatchKey.sequence(1)))
    assert b"" in case.files().values()


def test_a_part_of_many_megabytes_arrives_whole(case: Case) -> None:
    block = os.urandom(1024 * 1024)
    staged = case.lake.stage("run-1", "csv")
    part = staged.open_part("part-00000.jsonl")
    for _ in range(9):
        part.write(block)
    part.write(b"end")
    part.close()
    staged.publish(manifest_of(BatchKey.sequence(1)))
    data = case.files()[f"csv/customers/batch={BatchKey.sequence(1).text}/part-00000.jsonl"]
    assert hashlib.sha256(data).digest() == hashlib.sha256(block * 9 + b"end").digest()


def test_of_concurrent_publishers_exactly_one_wins(case: Case) -> None:
    """Each publisher knows what it wrote; the winner's parts and manifest must be from the same one."""
    start = threading.Barrier(6)
    won: list[str] = []
    lost: list[str] = []

    def compete(run_id: str) -> None:
        staged = stage(case.lake, run_id, f"{run_id}\nrow\n".encode())
        start.wait()
        try:
            staged.publish(manifest_of(BatchKey.sequence(1), run_id))
            won.append(run_id)
        except BatchExists:
            lost.append(run_id)
        finally:
            staged.discard()

    racers = [threading.Thread(target=compete, args=(f"run-{number}",)) for number in range(6)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert (len(won), len(lost)) == (1, 5)
    newest = case.lake.newest("csv")
    assert newest and newest.run_id == won[0]
    folder = f"csv/customers/batch={BatchKey.sequence(1).text}"
    assert set(case.files()) == {f"{folder}/part-00000.jsonl", f"{folder}/_manifest.json"}
    assert case.files()[f"{folder}/part-00000.jsonl"] == f"{won[0]}\nrow\n".encode()


@pytest.mark.parametrize(
    "call",
    [
        lambda lake: lake.newest("csv"),
        lambda lake: lake.find("csv", BatchKey.sequence(1)),
        lambda lake: lake.stage("run-1", "csv"),
        lambda lake: lake.sweep("csv", 60),
        lambda lake: lake.check(),
    ],
    ids=["newest", "find", "stage", "sweep", "check"],
)
def test_a_container_that_cannot_be_used_is_an_error_and_never_an_empty_one(
    case: Case, call: Callable[[RawLake], object]
) -> None:
    with pytest.raises(LakeUnavailable):
        call(case.broken)


def test_check_leaves_no_trace(case: Case) -> None:
    case.lake.check()
    assert case.files() == {}


def test_a_manifest_of_a_newer_platform_is_refused_not_misread(lake: RawLake) -> None:
    stage(lake).publish(replace(manifest_of(BatchKey.sequence(1)), manifest_version=2))
    with pytest.raises(LakeUnavailable, match="manifest_version 2"):
        lake.newest("csv")


def test_a_batch_whose_manifest_is_lost_stops_the_run_instead_of_starting_over(tmp_path: Path) -> None:
    local = local_case(tmp_path)
    publish(local.lake, BatchKey.sequence(1))
    (tmp_path / "raw" / f"csv/customers/batch={BatchKey.sequence(1).text}" / "_manifest.json").unlink()
    with pytest.raises(LakeUnavailable, match="no manifest"):
        local.lake.newest("csv")

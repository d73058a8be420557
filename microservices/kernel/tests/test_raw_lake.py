"""The contract of the port `RawLake`, for each adapter."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kernel_fakes import wait_for
from lake_cases import URL_VARIABLE, Case, case_names, live_case, local_case, not_run, own_server_case
from lake_helpers import manifest_of, publish, stage, write_part

from ingestion_kernel.domain.batch import BatchKey
from ingestion_kernel.domain.exceptions import BatchExists, LakeUnavailable
from ingestion_kernel.domain.ports.raw_lake import RawLake


@pytest.fixture(params=case_names(os.environ))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    if request.param == "local":
        yield local_case(tmp_path)
        return
    with live_case() if request.param == "live" else own_server_case() as found:
        yield found


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
        late.publish(manifest_of(key, "run-2", {"part-00000.jsonl": b"three\nfour\n"}))
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
    case.age()
    alive = stage(case.lake, "alive")
    assert case.lake.sweep("database", case.old) == 0
    assert case.lake.sweep("csv", case.old) == 1
    assert case.lake.sweep("csv", case.old) == 0
    alive.publish(manifest_of(BatchKey.sequence(2), "alive"))
    assert len(case.files()) == 4


def test_sweep_spares_a_run_that_is_alive_however_long_its_source_is_silent(case: Case) -> None:
    silent = stage(case.beating, "silent")
    crashed = stage(case.lake, "crashed")
    case.age()
    assert case.age_of("crashed") > case.old
    wait_for(lambda: case.age_of("silent") < case.old)
    assert case.lake.sweep("csv", case.old) == 1
    silent.publish(manifest_of(BatchKey.sequence(1), "silent"))
    silent.discard()
    crashed.discard()
    folder = f"csv/customers/batch={BatchKey.sequence(1).text}"
    assert set(case.files()) == {f"{folder}/part-00000.jsonl", f"{folder}/_manifest.json"}


def test_a_run_that_was_swept_all_the_same_publishes_nothing(case: Case) -> None:
    """As a suspended machine would be: its first part is gone, its second one is written after the sweep."""
    staged = stage(case.lake, "suspended")
    case.age()
    assert case.lake.sweep("csv", case.old) == 1
    with pytest.raises(LakeUnavailable):
        write_part(staged, b"three\n", "part-00001.jsonl")
        both = {"part-00000.jsonl": b"one\ntwo\n", "part-00001.jsonl": b"three\n"}
        staged.publish(manifest_of(BatchKey.sequence(1), parts=both))
    staged.discard()
    assert case.lake.newest("csv") is None
    assert case.files() == {}


def test_a_batch_is_not_published_if_a_part_is_not_as_its_manifest_says(case: Case) -> None:
    staged = stage(case.lake)
    (part,) = case.files()
    case.delete(part)
    with pytest.raises(LakeUnavailable, match="1 of 2 staged files are missing or changed, first part-00000.jsonl"):
        staged.publish(manifest_of(BatchKey.sequence(1)))
    staged.discard()
    short = stage(case.lake, data=b"one\n")
    with pytest.raises(LakeUnavailable, match="missing or changed"):
        short.publish(manifest_of(BatchKey.sequence(1)))
    short.discard()
    assert case.lake.newest("csv") is None


def test_an_empty_part_is_a_file(case: Case) -> None:
    staged = case.lake.stage("run-1", "csv")
    part = staged.open_part("part-00000.jsonl")
    part.write(b"")
    part.close()
    staged.publish(manifest_of(BatchKey.sequence(1), parts={"part-00000.jsonl": b""}))
    assert b"" in case.files().values()


def test_a_part_of_many_megabytes_arrives_whole(case: Case) -> None:
    blocks = [os.urandom(size) for size in (3_000_000, 6_000_000, 17_000_001, 8 * 1024 * 1024, 5)]
    whole = b"".join(blocks)
    staged = case.lake.stage("run-1", "csv")
    part = staged.open_part("part-00000.jsonl")
    for block in blocks:
        part.write(block)
    part.close()
    staged.publish(manifest_of(BatchKey.sequence(1), parts={"part-00000.jsonl": whole}))
    data = case.files()[f"csv/customers/batch={BatchKey.sequence(1).text}/part-00000.jsonl"]
    assert hashlib.sha256(data).digest() == hashlib.sha256(whole).digest()


def test_of_concurrent_publishers_exactly_one_wins(case: Case) -> None:
    """Each publisher knows what it wrote; the winner's parts and manifest must be from the same one."""
    start = threading.Barrier(6)
    won: list[str] = []
    lost: list[str] = []

    def compete(run_id: str) -> None:
        rows = f"{run_id}\nrow\n".encode()
        staged = stage(case.lake, run_id, rows)
        start.wait()
        try:
            staged.publish(manifest_of(BatchKey.sequence(1), run_id, {"part-00000.jsonl": rows}))
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


def test_a_batch_whose_manifest_is_lost_stops_the_run_instead_of_starting_over(case: Case) -> None:
    publish(case.lake, BatchKey.sequence(1))
    case.delete(f"csv/customers/batch={BatchKey.sequence(1).text}/_manifest.json")
    with pytest.raises(LakeUnavailable, match="no manifest"):
        case.lake.newest("csv")


def test_a_live_account_is_tried_when_it_is_named_and_told_of_when_it_is_not() -> None:
    assert case_names({}) == ["local", "adls"]
    assert URL_VARIABLE in str(not_run({}))
    named = {URL_VARIABLE: "abfss://raw@acme.dfs.core.windows.net/tests"}
    assert case_names(named) == ["local", "adls", "live"]
    assert not_run(named) is None

"""A container as inbox: the whole service, lost replies, leases, crashes and races."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from csv_container import ContainerWorld, running_container
from csv_world import ROW, SECRET, changed, text_of
from test_csv_inbox import AT_ONCE, LEASE, container_case

from csv_ingestion.domain.ports.inbox import Purged
from csv_ingestion.domain.retention import Retention
from csv_ingestion.infrastructure.storage.purge import purge_folders

TODAY = datetime.now(UTC).strftime("%Y/%m/%d")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ContainerWorld]:
    with running_container() as container:
        yield ContainerWorld(tmp_path, container)


def test_files_of_a_container_go_into_raw(world: ContainerWorld) -> None:
    canonical = text_of(*(changed(customer_id=f"C{n}", product=f"P{n}") for n in range(60_000)), delimiter=",")
    assert len(canonical) > 5_000_000  # several ranges
    world.container.drop(canonical.encode(), "a ção%20.csv")
    world.container.drop(gzip.compress(text_of(ROW, ROW).encode("latin-1")), "b.csv")
    world.container.drop(text_of(*[ROW] * 40, ROW[:-1]).encode(), "c.csv")
    world.container.drop(text_of(ROW).replace("Mesa", '"Mesa').encode(), "d.csv")
    run = world.ingest()
    assert (run.error, run.rows_read, run.rows_written, run.rows_rejected) == (None, 60_043, 60_042, 1)
    assert (len(run.batches), run.inputs_rejected) == (3, 1)
    files = world.container.files()
    places = sorted(path for path in files if not path.startswith("rejected/"))
    assert places == [f"archive/{TODAY}/{name}" for name in ("a ção%20.csv", "b.csv", "c.csv")]
    assert sorted(path.rpartition("/")[2] for path in set(files) - set(places)) == ["d.csv", "reason.json", "rows.csv"]


def test_a_file_is_fetched_in_few_ranges_whatever_way_it_is_read(world: ContainerWorld) -> None:
    content = text_of(*[ROW] * 100_000).encode()  # rewritten, so read as a text
    world.container.drop(content, "a.csv")
    world.ingest()
    passes, delimiters = 2, 4
    assert world.container.calls().count("GET") <= passes * (len(content) // (4 * 1024 * 1024) + 1) + delimiters + 5


def test_the_same_content_twice_is_a_recorded_no_op(world: ContainerWorld) -> None:
    for _ in range(2):
        world.container.drop(text_of(ROW).encode(), "a.csv")
        run = world.ingest()
    assert (run.duplicates, run.batches, len(world.batches())) == (1, [], 1)
    assert sorted(world.container.files()) == [f"archive/{TODAY}/a.csv", f"archive/duplicate/{TODAY}/a.csv"]


@pytest.mark.parametrize("fault", [{"drop_reply": True}, {"status": 503, "retry_after": 0}, {"status": 429}])
@pytest.mark.parametrize("which", ["the claim", "the archive"])
def test_a_rename_whose_reply_is_lost_or_refused(world: ContainerWorld, fault: dict[str, object], which: str) -> None:
    world.container.drop(b"1", "a.csv")
    case = container_case(world.container)
    if which == "the claim":
        world.container.break_next_rename(**fault)
    for file in case.inbox(AT_ONCE).claims():
        file.open(10, lambda chunk: None)
        if which == "the archive":
            world.container.break_next_rename(**fault)
        file.archive(duplicate=False)
    assert world.container.files() == {f"archive/{TODAY}/a.csv": b"1"}


def test_a_claim_is_taken_up_only_when_its_lease_has_run_out(world: ContainerWorld) -> None:
    content = text_of(ROW).encode()
    world.container.drop(content, "processing/0123/a.csv")
    world.container.drop(b"", "processing/0123/.alive")
    world.container.advance(LEASE - 10)
    assert world.ingest().batches == []
    assert world.container.files()["processing/0123/a.csv"] == content
    world.container.advance(20)
    assert len(world.ingest().batches) == 1
    assert world.container.files() == {f"archive/{TODAY}/a.csv": content}


def test_who_reads_on_keeps_the_claim(world: ContainerWorld) -> None:
    world.container.drop(b"x" * 9_000_000, "a.csv")
    case = container_case(world.container, world.container.now)
    claims = case.inbox().claims()
    file = next(claims)
    with file.open(10**9, lambda chunk: world.container.advance(LEASE / 10)):  # 18 chunks: longer than a lease
        assert case.claimed() == []
    claims.close()


def test_a_holder_that_was_too_slow_doubles_nothing_and_loses_nothing(world: ContainerWorld) -> None:
    world.container.drop(text_of(ROW).encode(), "a.csv")
    slow = container_case(world.container).inbox().claims()
    file = next(slow)
    file.open(10_000, lambda chunk: None)
    world.container.advance(LEASE + 1)
    assert len(world.ingest().batches) == 1  # somebody else took it over
    file.archive(duplicate=True)  # the kernel found the batch there
    slow.close()
    assert list(world.container.files()) == [f"archive/{TODAY}/a.csv"]


def test_a_killed_process_loses_nothing(world: ContainerWorld) -> None:
    world.container.drop(text_of(*(changed(customer_id=f"C{n}") for n in range(200_000))).encode(), "a.csv")
    process = world.command("ingest")
    deadline = time.monotonic() + 30
    while not any((world.raw / "_staging").rglob("part-*")):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert world.batches() == []
    assert world.ingest().batches == []  # it may still live, for all we know
    world.container.advance(LEASE + 1)
    assert world.ingest().rows_written == 200_000
    assert list(world.container.files()) == [f"archive/{TODAY}/a.csv"]


def test_who_dies_while_asking_for_the_time_leaves_nothing_for_long(world: ContainerWorld) -> None:
    world.container.drop(text_of(ROW).encode(), "a.csv")
    world.container.break_next_delete(status=403)  # the first thing removed is the clock's file
    assert world.ingest().error is not None
    assert any("clock" in path for path in world.container.files())
    assert len(world.ingest().batches) == 1
    assert list(world.container.files()) == [f"archive/{TODAY}/a.csv"]


def test_a_run_that_failed_gives_its_claim_up_at_once(world: ContainerWorld) -> None:
    world.container.drop(text_of(ROW).encode(), "a.csv")
    world.raw.write_text("in the way")
    assert world.ingest().error is not None
    world.raw.unlink()
    assert len(world.ingest().batches) == 1


def test_two_processes_share_one_container_and_take_each_file_once(world: ContainerWorld) -> None:
    for number in range(20):
        world.container.drop(text_of(*[changed(customer_id=f"C{number}")] * 50).encode(), f"f{number:02d}.csv")
    processes = [world.command("ingest") for _ in range(2)]
    runs = []
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        runs.append(json.loads(out))
    taken = [key for run in runs for key in run["batches"]]
    assert len(taken) == len(set(taken)) == len(world.batches()) == 20
    assert sum(run["rows_written"] for run in runs) == 1_000
    assert sorted(world.container.files()) == [f"archive/{TODAY}/f{number:02d}.csv" for number in range(20)]


def test_a_container_that_is_not_there_says_what_to_do(world: ContainerWorld) -> None:
    run = world.ingest(CSV_INPUT_DIR=world.container.url.replace("/raw/", "/nowhere/"))
    assert run.error is not None and run.error.code == "SOURCE_UNAVAILABLE"
    assert "CSV_INPUT_DIR" in run.error.advice and "nowhere" not in run.error.message


def test_no_message_shows_a_value_or_the_key(world: ContainerWorld) -> None:
    world.container.drop(text_of(ROW, ROW).replace(SECRET, f'"{SECRET}"x').encode(), "a.csv")
    process = world.command("ingest", LOG_LEVEL="DEBUG")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3 and "MALFORMED_QUOTE" in err
    assert not any(secret in text for secret in (SECRET, "c2VjcmV0") for text in (out, err))


def test_rejected_files_are_removed_after_their_days(world: ContainerWorld) -> None:
    world.container.drop(b"1", "rejected/old/a.csv")
    world.container.drop(b"1", "rejected/old/reason.json")
    world.container.advance(3 * 86_400)
    world.container.drop(b"1", "rejected/new/rows.csv")
    inbox = container_case(world.container).inbox(retention=Retention(rejected_days=2))
    assert inbox.purge() == Purged(0, 2)
    assert list(world.container.files()) == ["rejected/new/rows.csv"]


def test_rejected_files_of_a_directory_are_removed_after_their_days_and_links_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    folder = tmp_path / "in" / "rejected" / "abc"
    folder.mkdir(parents=True)
    (folder / "a.csv").touch()
    (folder / "link").symlink_to(outside)
    (folder.parent / "linked").symlink_to(outside)
    now = time.time()
    days = Retention(rejected_days=2)
    assert purge_folders(tmp_path / "in", days, now + 86_400) == Purged(0, 0)
    assert purge_folders(tmp_path / "in", days, now + 3 * 86_400) == Purged(0, 2)
    assert (outside / "precious").exists() and not folder.exists()


_PEAK = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def test_memory_does_not_grow_with_a_file_of_a_container(world: ContainerWorld) -> None:
    header, row = text_of(ROW, delimiter=",").splitlines(keepends=True)
    peaks = []
    for rows in (10, 600_000):
        world.container.drop((header + row * rows).encode(), "a.csv")
        command = [sys.executable, "-c", "from csv_ingestion.interfaces.main import main; main()", "ingest"]
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, *command],
            env={**os.environ, **world.environment()},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout) // 1024)
    assert peaks[1] - peaks[0] < 40, peaks

"""Which files are taken, by whom, and where they end: races, crashes, links, odd names, duplicates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from csv_world import COLUMNS, ROW, World, changed, text_of
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.exceptions import InputRejected
from ingestion_kernel.infrastructure.config.settings import load_settings

from csv_ingestion.infrastructure.config.settings import CsvSettings
from csv_ingestion.infrastructure.storage.claims import ClaimFolder
from csv_ingestion.interfaces.main import build_source


def archived_today(world: World, *below: str) -> list[str]:
    return world.tree("archive", *below, *datetime.now(UTC).strftime("%Y %m %d").split())


def test_a_published_file_is_archived_under_its_day(world: World) -> None:
    world.drop(text_of(ROW))
    run = world.ingest()
    assert archived_today(world) == ["vendas.csv"]
    assert world.tree() == [f"archive/{datetime.now(UTC):%Y/%m/%d}/vendas.csv"]
    assert run.batches == [world.manifest()["key"]]
    assert world.manifest()["source_files"][0]["sha256"] == run.batches[0]


def test_the_same_content_twice_is_a_recorded_no_op(world: World) -> None:
    world.drop(text_of(ROW))
    first = world.ingest()
    world.drop(text_of(ROW))
    world.drop(text_of(ROW), "outro nome.csv")
    second = world.ingest()
    assert (second.duplicates, second.rows_read, second.batches) == (2, 0, [])
    assert [batch.name for batch in world.batches()] == [f"batch={first.batches[0]}"]
    assert archived_today(world, "duplicate") == ["outro nome.csv", "vendas.csv"]
    assert archived_today(world) == ["vendas.csv"]


def test_new_content_under_the_same_name_is_a_new_batch_and_overwrites_nothing(world: World) -> None:
    for number in range(3):
        world.drop(text_of(changed(customer_id=f"C{number}")))
        assert len(world.ingest().batches) == 1
    names = archived_today(world)
    assert len(names) == 3 and len(world.batches()) == 3
    day = world.inbox.joinpath("archive", *datetime.now(UTC).strftime("%Y %m %d").split())
    assert {(day / name).read_text().splitlines()[1][:2] for name in names} == {"C0", "C1", "C2"}


def test_an_empty_inbox_is_no_fault(world: World) -> None:
    run = world.ingest()
    assert (run.error, run.batches, run.exit_code) == (None, [], 0)


@pytest.mark.parametrize(
    "name", [".vendas.csv", "~vendas.csv", "~$vendas.csv", "v.csv.tmp", "v.csv.PART", "v.filepart", "v.crdownload"]
)
def test_unfinished_names_are_left_alone(world: World, name: str) -> None:
    path = world.drop(text_of(ROW), name)
    run = world.ingest()
    assert path.exists() and run.batches == [] and run.inputs_rejected == 0


def test_links_are_never_followed(world: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text(text_of(ROW))
    (world.inbox / "link.csv").symlink_to(outside)
    (world.inbox / "dangling.csv").symlink_to(tmp_path / "nowhere")
    (world.inbox / "folder").mkdir()
    os.mkfifo(world.inbox / "pipe.csv")
    run = world.ingest()
    assert (run.error, run.batches, run.inputs_rejected) == (None, [], 0)
    assert (world.inbox / "link.csv").is_symlink()
    assert outside.read_text() == text_of(ROW)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_took_the_place_of_a_claimed_file_is_set_aside(world: World, tmp_path: Path, kind: str) -> None:
    claim = world.inbox / "processing" / "0123"  # as if swapped between the look and the rename
    claim.mkdir(parents=True)
    outside = tmp_path / "outside.csv"
    outside.write_text(text_of(ROW))
    place = claim / "x.csv"
    {"link": lambda: place.symlink_to(outside), "pipe": lambda: os.mkfifo(place), "folder": place.mkdir}[kind]()
    assert world.rejected_file()["code"] == "NOT_A_REGULAR_FILE"
    assert outside.read_text() == text_of(ROW)


@pytest.fixture
def plain_user() -> Iterator[Path]:
    """A directory of a user whom file permissions bind; root, whom they do not, becomes `nobody` for the test."""
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        yield Path(folder)
        os.seteuid(os.getuid())


def test_a_file_without_read_permission_holds_up_nobody(plain_user: Path) -> None:
    world = World(plain_user)
    world.drop(text_of(ROW), "a.csv").chmod(0o000)
    world.drop(text_of(ROW, ROW), "b.csv")
    run = world.ingest()
    assert (run.error, run.rows_written, run.inputs_rejected) == (None, 2, 1)
    assert world.reasons()[0]["code"] == "NOT_READABLE"


def test_odd_file_names_travel_safely(world: World) -> None:
    odd = [
        "a\nb.csv",
        "a..\\x.csv",
        "=1+1.csv",
        "ação 'x\" $(id).csv",
        "\x1b[31mred.csv",
        "x" * 250 + ".csv",
        b"\xff.csv",
    ]
    for number, name in enumerate(odd):
        content = text_of(changed(customer_id=f"C{number}")).encode()
        with open(os.fsencode(world.inbox) + b"/" + os.fsencode(name), "wb") as file:
            file.write(content)
    run = world.ingest()
    assert len(run.batches) == len(odd) and run.error is None
    assert sorted(map(os.fsencode, archived_today(world))) == sorted(map(os.fsencode, odd))
    manifests = [json.loads((batch / "_manifest.json").read_text()) for batch in world.batches()]
    names = {manifest["source_files"][0]["name"] for manifest in manifests}
    assert {"a_b.csv", "a.._x.csv", "_[31mred.csv", "_.csv"} < names
    assert all(name.isprintable() and len(name) <= 200 for name in names)


class Meddler:
    """A sink during whose writing somebody appends to the file that is being read."""

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox

    def write(self, data: bytes, rows: int = 1) -> None:
        (claimed,) = (self._inbox / "processing").glob("*/vendas.csv")
        with claimed.open("a") as file:
            file.write("\n")


def test_a_file_that_changes_while_it_is_read_is_set_aside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.drop(text_of(ROW))
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    source = build_source(load_settings(CsvSettings))
    with source.pending(Mode.INCREMENTAL, None) as batches:
        batch = next(batches)
        with pytest.raises(InputRejected, match="CHANGED_WHILE_READ"):
            batch.extract(Meddler(world.inbox))
    assert source.take_rejected_inputs() == 1
    assert [reason["code"] for reason in world.reasons()] == ["CHANGED_WHILE_READ"]


def test_a_claim_left_by_a_dead_process_is_taken_up(world: World) -> None:
    claim = world.inbox / "processing" / "4f5e"
    claim.mkdir(parents=True)
    (claim / "vendas.csv").write_text(text_of(ROW))
    (claim / ".rows.csv").write_text("half a draft")
    assert world.ingest().rows_written == 1
    assert archived_today(world) == ["vendas.csv"]
    assert list((world.inbox / "processing").iterdir()) == []


def test_a_claim_of_a_living_process_is_not_touched(world: World) -> None:
    world.ingest()  # makes the folders
    with ClaimFolder.create(world.inbox / "processing") as living:
        living.take(world.drop(text_of(ROW)))
        assert world.ingest().batches == []
        assert living.files() == ["vendas.csv"]
    assert len(world.ingest().batches) == 1  # its process has ended


#: Runs the command, but the process dies, without any cleaning up, at the place given.
_DYING = """
import os
from csv_ingestion.interfaces import main
from ingestion_kernel.infrastructure.storage import local_staged as local

def die(*arguments):
    os._exit(99)

publish = local.LocalStagedBatch.publish

def publish_and_die(staged, manifest):
    publish(staged, manifest)
    die()

{patch}
main.main()
"""


def die(world: World, patch: str) -> None:
    """Run `ingest` in a process that dies."""
    done = subprocess.run(
        [sys.executable, "-c", _DYING.format(patch=patch), "ingest"],
        env={**os.environ, **world.environment()},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 99, done.stderr


def test_death_between_publishing_and_archiving_ends_in_one_batch_and_an_archived_file(world: World) -> None:
    world.drop(text_of(*[ROW] * 40, ROW[:-1]))
    die(world, "local.LocalStagedBatch.publish = publish_and_die")
    assert len(world.batches()) == 1 and archived_today(world) == []
    run = world.ingest()
    assert (run.error, run.duplicates, run.batches) == (None, 1, [])
    assert archived_today(world) == ["vendas.csv"]  # done, not a duplicate
    assert world.tree("processing") == []
    assert len(world.tree("rejected")) == 1


@pytest.mark.parametrize("place", ["PartFile.write", "PartFile.close", "StagedBatch.publish"])
def test_death_before_publishing_is_repeated_without_doubled_rejects(world: World, place: str) -> None:
    world.drop(text_of(*[ROW] * 40, ROW[:-1]))
    die(world, f"local.Local{place} = die")
    assert world.batches() == []
    run = world.ingest()
    assert (run.error, run.rows_written, run.rows_rejected) == (None, 40, 1)
    assert archived_today(world) == ["vendas.csv"]
    (rows,) = world.tree("rejected")
    assert (world.inbox / "rejected" / rows).read_text().count("\n") == 2
    assert world.tree("processing") == []


def test_two_processes_share_one_inbox_and_take_each_file_once(world: World) -> None:
    for number in range(60):
        world.drop(text_of(*[changed(customer_id=f"C{number}")] * 50), f"f{number:02d}.csv")
    processes = [world.command("ingest") for _ in range(2)]
    runs = []
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        runs.append(json.loads(out))
    taken = [key for run in runs for key in run["batches"]]
    assert len(taken) == len(set(taken)) == len(world.batches()) == 60
    assert [run["duplicates"] for run in runs] == [0, 0]
    assert sum(run["rows_written"] for run in runs) == 3_000
    assert archived_today(world) == [f"f{number:02d}.csv" for number in range(60)]
    assert list((world.inbox / "processing").iterdir()) == []


def test_a_missing_input_directory_says_what_to_do(world: World) -> None:
    world.inbox.rmdir()
    run = world.ingest()
    assert run.error is not None and run.error.code == "SOURCE_UNAVAILABLE"
    assert "CSV_INPUT_DIR" in run.error.advice
    assert COLUMNS[0] not in run.error.message

"""The proofs' own parts: an audit that sees nothing, or a trigger that kills nobody, would prove everything."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from ingestion_proofs import audit
from ingestion_proofs.processes import ingest
from ingestion_proofs.worlds import World

_ROWS = 360


@pytest.fixture
def taken(world: Callable[[str], World]) -> World:
    """A world that was ingested, in two batches of 180 rows."""
    mine = world("database")
    mine.add(_ROWS)
    assert ingest(mine.setup(), mine.work).code == 0
    assert mine.verify() == _ROWS
    return mine


def _lose_manifest(batch: Path) -> None:
    (batch / "_manifest.json").unlink()


def _tear_manifest(batch: Path) -> None:
    path = batch / "_manifest.json"
    path.write_bytes(path.read_bytes()[:-20])


def _lose_part(batch: Path) -> None:
    (batch / "part-00000.jsonl").unlink()


def _tear_part(batch: Path) -> None:
    path = batch / "part-00000.jsonl"
    path.write_bytes(path.read_bytes()[:-1])


def _change_one_digit(batch: Path) -> None:
    path = batch / "part-00000.jsonl"
    path.write_bytes(path.read_bytes().replace(b"P0000001", b"P0000002"))


def _foreign_file(batch: Path) -> None:
    (batch / "part-00002.jsonl").write_bytes(b"{}\n")


def _foreign_folder(batch: Path) -> None:
    (batch.parent / "batch=half").mkdir()


@pytest.mark.parametrize(
    "harm",
    [_lose_manifest, _tear_manifest, _lose_part, _tear_part, _change_one_digit, _foreign_file, _foreign_folder],
)
def test_a_batch_that_is_not_whole_is_seen(taken: World, harm: Callable[[Path], None]) -> None:
    harm(sorted((taken.raw / "database/customers").iterdir())[0])
    with pytest.raises(audit.Violation):
        taken.verify()


def test_a_batch_that_is_taken_twice_is_seen(taken: World) -> None:
    folder = taken.raw / "database/customers"
    first, *_, last = sorted(folder.iterdir())
    again = folder / f"batch={int(last.name.removeprefix('batch=')) + 1:020d}"
    shutil.copytree(first, again)
    manifest = json.loads((again / "_manifest.json").read_text())
    (again / "_manifest.json").write_text(json.dumps(manifest | {"key": again.name.removeprefix("batch=")}))
    with pytest.raises(audit.Violation, match="0 rows lost, 180 doubled"):
        taken.verify()


def test_a_batch_that_vanished_is_seen(taken: World) -> None:
    watch = audit.Watch(taken.raw, "database")
    watch.settle()
    shutil.rmtree(sorted((taken.raw / "database/customers").iterdir())[-1])
    with pytest.raises(audit.Violation, match="180 rows lost"):
        taken.verify()
    with pytest.raises(audit.Violation, match="vanished"):
        watch.settle()


def test_what_is_left_in_staging_is_seen(taken: World) -> None:
    (taken.raw / "_staging/database/left").mkdir(parents=True)
    with pytest.raises(audit.Violation, match="staging"):
        taken.verify()


def test_the_watcher_sees_a_half_batch_that_is_there_for_a_moment_only(taken: World) -> None:
    watch = audit.Watch(taken.raw, "database")
    half = taken.raw / "database/customers/batch=half"
    with audit.watching(watch):
        half.mkdir()
        while watch.violation is None and watch.looks < 1000:
            pass
        half.rmdir()
    with pytest.raises(audit.Violation, match="without a manifest"):
        watch.settle()


def test_the_trigger_kills_before_the_step_and_tears_a_write(world: Callable[[str], World]) -> None:
    mine = world("database")
    mine.add(_ROWS)
    steps = ingest(mine.setup(), mine.work, kill_at="0").steps
    mine.reset()
    number = steps.index("rename staging directory to published batch") + 1
    died = ingest(mine.setup(), mine.work, kill_at=str(number))
    assert died.killed and died.steps == steps[:number]
    assert audit.batches(mine.raw, "database") == [] and len(audit.staged(mine.raw, "database")) == 1
    mine.reset()
    assert ingest(mine.setup(), mine.work, kill_at=str(number + 1)).killed
    assert len(audit.batches(mine.raw, "database")) == 1 and not audit.staged(mine.raw, "database")
    mine.reset()
    assert ingest(mine.setup(), mine.work, kill_at=str(steps.index("write staged part") + 1)).killed
    (staged,) = audit.staged(mine.raw, "database")
    torn = (staged / "part-00000.jsonl").read_bytes()
    assert torn and not torn.endswith(b"}\n")

"""The disk under raw is full, or closed to the service. The run fails cleanly, and the next one repairs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from ingestion_proofs import audit
from ingestion_proofs.processes import ingest, lake_failed_cleanly
from ingestion_proofs.tally import TALLY
from ingestion_proofs.worlds import World

SOURCES = ("database", "api", "csv")
_ROWS = 540
#: Root writes whatever a mode says; without this capability it has to obey like any other user. (Another user could
#: not even read the environment that the tests run in, if root's home holds it.)
_BOUND_BY_MODES = ("setpriv", "--bounding-set=-dac_override")


def _repaired(world: World, fault: str) -> None:
    audit.age_staging(world.raw, 3600)
    ended = ingest(world.setup(), world.work)
    assert ended.code in (0, 3), ended.err
    TALLY.count("rows compared", world.verify())
    TALLY.count(f"clean failures, and repaired by the next run: {fault}")


@contextmanager
def _small_disk(folder: Path, kib: int) -> Iterator[None]:
    """A file system of so many KiB mounted at `folder`."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        _not_here("disk full: only root can mount a small file system")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "proofs", str(folder)], capture_output=True, text=True
    )
    if done.returncode:
        _not_here(f"disk full: a small file system cannot be mounted here ({done.stderr.strip()})")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _not_here(why: str) -> None:
    TALLY.not_shown(why)
    pytest.skip(why)


@pytest.mark.parametrize("source", SOURCES)
def test_a_full_disk_fails_the_run_and_room_repairs_it(source: str, world: Callable[[str], World]) -> None:
    mine = world(source)
    mine.add(_ROWS)
    with _small_disk(mine.raw, kib=64):
        full = ingest(mine.setup(), mine.work)
        lake_failed_cleanly(full)
        assert "No space left on device" in full.run["error"]["message"]
        published = audit.Watch(mine.raw, source)
        published.settle()  # nothing half-done is visible
        assert not audit.staged(mine.raw, source), "what was staged takes the little room there is"
        subprocess.run(["mount", "-o", "remount,size=20m", str(mine.raw)], check=True)
        _repaired(mine, "disk full")
        published.settle()


@contextmanager
def _closed(folder: Path) -> Iterator[Sequence[str]]:
    """`folder` may be read but not written; yields how to start a program that has to obey."""
    prefix: Sequence[str] = ()
    if os.geteuid() == 0:
        prefix = _BOUND_BY_MODES
        if not shutil.which("setpriv"):
            _not_here("permission denied: root obeys modes only by `setpriv` of util-linux, which is not installed")
    folder.chmod(0o500)
    try:
        yield prefix
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("closed", ["_staging", "<source>/customers"])
@pytest.mark.parametrize("source", SOURCES)
def test_a_closed_folder_fails_the_run_and_opening_repairs_it(
    source: str, closed: str, world: Callable[[str], World]
) -> None:
    mine = world(source)
    mine.add(_ROWS)
    assert ingest(mine.setup(), mine.work).code in (0, 3)
    mine.add(_ROWS)
    folder = mine.raw / closed.replace("<source>", source)
    if closed == "_staging":
        shutil.rmtree(folder / source)
    published = audit.Watch(mine.raw, source)
    published.settle()
    with _closed(folder) as prefix:
        denied = ingest(mine.setup(), mine.work, prefix=prefix)
    lake_failed_cleanly(denied)
    assert "Permission denied" in denied.run["error"]["message"]
    published.settle()
    _repaired(mine, "permission denied")
    published.settle()

"""A storage without room, or without the right to write: a clear end, no half write, and the next run repairs."""

from __future__ import annotations

import subprocess

import pytest
from fault_kit import EVERY_VARIANT, RawCopies, content_hash
from fault_page import Seen
from lake_kit import SmallLake, record
from pyspark.sql import SparkSession
from small_volumes import may_mount, small_tmpfs
from unchecked import not_checked

from etl_customers.main import run
from etl_customers.maintenance.main import run as maintain

#: By layer, too little for what it is to hold.
_SIZES = {"bronze": "500k", "silver": "500k", "gold": "60k"}
_LAYERS = tuple(_SIZES) if EVERY_VARIANT else ("silver",)
_STORAGE_FAILED = 74


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> RawCopies:
    if not may_mount():
        not_checked("only root may mount a small file system")
    copies = RawCopies(tmp_path_factory.mktemp("storage"), seed=3, rounds=1)
    copies.add("database", *(record(number, product="Café " * 20) for number in range(4000)))
    return copies


@pytest.fixture(scope="module")
def expected(raw: RawCopies) -> str:
    lake = raw.lake("reference")
    assert run(lake.options()) == 0
    return content_hash(lake)


@pytest.mark.parametrize("layer", _LAYERS)
def test_no_room(layer: str, raw: RawCopies, expected: str, seen: Seen, capfd: pytest.CaptureFixture[str]) -> None:
    lake = raw.lake(f"full-{layer}")
    (lake.root / layer).mkdir()
    with small_tmpfs(lake.root / layer, _SIZES[layer]) as volume:
        code = run(lake.options())
        told = capfd.readouterr().err
        before = readable_tables(lake)
        volume.enlarge()
        assert run(lake.options()) == 0
        assert content_hash(lake) == expected
    assert code == _STORAGE_FAILED, told
    assert "no room" in told
    seen(f"no room for {layer}, then room", f"exit code {code}, {before} readable tables; then the same hash")


def test_no_right_to_write(raw: RawCopies, expected: str, seen: Seen, capfd: pytest.CaptureFixture[str]) -> None:
    lake = raw.lake("read-only")
    (lake.root / "silver").mkdir()
    with small_tmpfs(lake.root / "silver", "64m"):
        _mount_silver("ro", lake)
        code = run(lake.options())
        told = capfd.readouterr().err
        _mount_silver("rw", lake)
        assert run(lake.options()) == 0
        assert content_hash(lake) == expected
        _mount_silver("ro", lake)
        assert maintain(lake.options()) == _STORAGE_FAILED
        assert "no right to write, at silver.purchases" in capfd.readouterr().err
        _mount_silver("rw", lake)
        assert maintain(lake.options()) == 0
    assert code == _STORAGE_FAILED, told
    seen("silver read-only, then writable", f"exit code {code}; then the same hash")


def _mount_silver(how: str, lake: SmallLake) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(lake.root / "silver")], check=True)


def readable_tables(lake: SmallLake) -> int:
    """How many tables are there; each can be read to its last row."""
    there = [table for table in lake.job().tables() if table.exists()]
    for table in there:
        table.read().collect()
    return len(there)

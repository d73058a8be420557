"""Raw to bronze: every row once, whatever it looks like."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from lake_kit import SmallLake, record, rows_of
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame

from etl_customers.errors import ReconciliationFailed, SourceFailed, WrittenMeanwhile
from etl_customers.job import Job, Layer
from etl_customers.modules.bronze.raw_parts import RawParts
from etl_customers.modules.bronze.raw_reader import RawReader


def test_odd_rows_all_reach_bronze(lake: SmallLake) -> None:
    good = json.dumps(record(1))
    odd = [
        good,
        good[:40],  # truncated
        json.dumps(record(2, loyalty="gold", address={"city": "Recife", "zip": ["1", "2"]})),
        json.dumps({"customer_id": "C3"}),
        json.dumps(record(4, product={"name": "Café", "size": 2})),
        "not json",
        good + " rubbish",
        "[1]",
    ]
    lake.put_text("database", "".join(f"{line}\n" for line in odd), len(odd))
    lake.put_csv(record(5, product='two\nlines, "quoted"', email="a;b"), record(6, _extra='{"colour":"red"}'))
    lake.put_text("api", "", 0)
    lake.run(Layer.BRONZE)
    rows = lake.job().bronze.read().collect()
    rescued = [json.loads(row["_rescued_data"]) if row["_rescued_data"] else None for row in rows]
    assert len(rows) == len(odd) + 2
    corrupt = {r["_corrupt_record"] for r in rescued if r and "_corrupt_record" in r}
    assert corrupt == {good[:40], "not json", good + " rubbish", "[1]"}
    by_id = {row["customer_id"]: (row, extra) for row, extra in zip(rows, rescued)}
    assert by_id["C2"][1] == {"loyalty": "gold", "address": '{"city":"Recife","zip":["1","2"]}'}
    assert json.loads(by_id["C4"][0]["product"]) == {"name": "Café", "size": 2}
    assert by_id["C3"][0]["cpf"] is None and by_id["C3"][1] is None
    assert by_id["C5"][0]["product"] == 'two\nlines, "quoted"'
    assert by_id["C6"][1] == {"_extra": '{"colour":"red"}'}
    assert by_id["C5"][0]["_batch_id"].startswith("csv/0000")


def test_nothing_is_read_twice_even_without_the_checkpoint(lake: SmallLake) -> None:
    lake.put("database", record(1), record(2))
    lake.run(Layer.BRONZE)
    before = lake.job().bronze.version()
    shutil.rmtree(lake.root / "bronze" / "_checkpoints")
    lake.put("database", record(3))
    lake.run(Layer.BRONZE)
    assert _ids(lake) == ["C1", "C2", "C3"]
    assert lake.job().bronze.version() > before


def test_a_lake_that_was_moved_is_no_new_one(lake: SmallLake, tmp_path_factory: pytest.TempPathFactory) -> None:
    """And what comes to it may be older, by its files' times, than what is there."""
    lake.put("database", record(1), record(2))
    lake.run(Layer.BRONZE)
    _touch_before(30, lake.put("database", record(3)))
    lake.root = Path(shutil.move(lake.root, tmp_path_factory.mktemp("elsewhere")))
    lake.run(Layer.BRONZE)
    assert _ids(lake) == ["C1", "C2", "C3"]


def _touch_before(days: int, batch: Path) -> None:
    """As `rsync -a` leaves a batch that was made so long ago."""
    for part in batch.glob("part-*"):
        os.utime(part, (part.stat().st_atime, part.stat().st_mtime - days * 24 * 3600))


def test_a_batch_of_which_bronze_has_some_parts_is_finished(lake: SmallLake) -> None:
    """As a run leaves it that ends between two micro-batches."""
    batch = lake.put_csv(record(1))
    _touch_before(1, batch)
    good = (batch / "part-00000.csv").read_text(encoding="utf-8")
    (batch / "part-00001.csv").write_text("other,header\n1,2\n", encoding="utf-8")
    manifest = json.loads((batch / "_manifest.json").read_text(encoding="utf-8"))
    (batch / "_manifest.json").write_text(json.dumps(manifest | {"rows_written": 2}), encoding="utf-8")
    with pytest.raises(SourceFailed):
        Job(lake.settings.model_copy(update={"max_files_per_trigger": 1}), "first").run(Layer.BRONZE)
    assert _ids(lake) == ["C1"]
    (batch / "part-00001.csv").write_text(good.replace("C1", "C2"), encoding="utf-8")
    lake.run(Layer.BRONZE)
    assert _ids(lake) == ["C1", "C2"]


def test_a_bronze_without_rows_that_its_checkpoints_have_seen_is_completed(lake: SmallLake) -> None:
    lake.put("database", record(1))
    lake.run(Layer.BRONZE)
    version = lake.job().bronze.version()
    lake.put("database", record(2))
    lake.put_csv(record(3))
    lake.run(Layer.BRONZE)
    lake.run_purchases()
    before = _content(lake)
    lake.job().bronze.delta().restoreToVersion(version)
    lake.run(Layer.BRONZE)
    lake.run_purchases()
    assert _content(lake) == before
    shutil.rmtree(lake.root / "bronze" / "customers")
    lake.put("database", record(4))  # one source has something new besides
    lake.run(Layer.BRONZE)
    assert _ids(lake) == ["C1", "C2", "C3", "C4"]
    folders = {path.name for path in (lake.root / "bronze" / "_checkpoints").iterdir()}
    assert folders == {"database", "csv"}, "a checkpoint that served once is gone"
    version = lake.job().bronze.version()
    lake.run(Layer.BRONZE)
    assert lake.job().bronze.version() == version


def test_a_bronze_that_was_made_as_a_copy_holds_what_it_holds(lake: SmallLake) -> None:
    """By DEEP CLONE all rows are in version 0."""
    lake.put("database", record(1), record(2))
    lake.run(Layer.BRONZE)
    bronze = lake.job().bronze
    copy = str(lake.root / "copy")
    bronze.read().write.format("delta").save(copy)
    shutil.rmtree(bronze.address.text)
    shutil.move(copy, bronze.address.text)
    lake.run(Layer.BRONZE)
    assert lake.job().bronze.read().count() == 2


def _content(lake: SmallLake) -> list[list[str]]:
    job = lake.job()
    return [
        rows_of(table.read().drop("_ingested_at", "_run_id")) for table in (job.bronze, job.purchases, job.quarantine)
    ]


def _ids(lake: SmallLake) -> list[str]:
    return sorted(row["customer_id"] for row in lake.job().bronze.read().collect())


def test_a_row_lost_between_raw_and_bronze_fails_the_run(lake: SmallLake) -> None:
    lake.put_text("database", json.dumps(record(1)) + "\n", rows=2)
    with pytest.raises(ReconciliationFailed, match="not as many rows"):
        lake.run(Layer.BRONZE)


def test_a_source_that_fails_does_not_keep_the_others_out(lake: SmallLake) -> None:
    lake.put_text("csv", "other,header\n1,2\n", rows=1, ending="csv")
    lake.put("database", record(1))
    with pytest.raises(SourceFailed, match="csv"):
        lake.run(Layer.BRONZE)
    assert [row["_source"] for row in lake.job().bronze.read().collect()] == ["database"]


class Together:
    """A raw reader that hands its stream over when another does too."""

    def __init__(self, reader: RawReader, together: Barrier) -> None:
        self._reader = reader
        self._together = together

    def stream(self, parts: RawParts) -> DataFrame:
        stream = self._reader.stream(parts)
        self._together.wait(60)
        return stream


def test_two_runs_that_create_one_checkpoint_at_the_same_moment(lake: SmallLake) -> None:
    lake.put("database", record(1), record(2))
    lake.job().bronze.ensure()
    together = Barrier(2)

    def load() -> str:
        bronze = lake.job()._bronze_load()
        try:
            replace(bronze, reader=Together(bronze.reader, together)).run()
        except WrittenMeanwhile:
            return "come again"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        ends = {future.result() for future in [pool.submit(load), pool.submit(load)]}
    assert ends == {"done", "come again"}
    lake.run(Layer.BRONZE)
    assert lake.job().bronze.read().count() == 2


@pytest.mark.parametrize(
    "said",
    [
        "Concurrent update to the log. Multiple streaming jobs detected for 1 SQLSTATE: XXKST",
        "Multiple streaming queries are concurrently using file:/l/bronze/_checkpoints/api/s",
    ],
)
def test_two_runs_that_take_the_same_new_batches_are_told_to_come_again(lake: SmallLake, said: str) -> None:
    """What Spark said to the slower one in races of the processes (`make faults`); when it says so is chance."""
    lake.put("database", record(1))
    bronze = lake.job()._bronze_load()

    class Slower:
        def stream(self, parts: RawParts) -> DataFrame:
            raise StreamingQueryException(
                f"[STREAM_FAILED] Query [id = 1, runId = 2] terminated with exception: {said}"
            )

    with pytest.raises(WrittenMeanwhile):
        replace(bronze, reader=Slower()).run()

"""Maintenance changes files and never rows; the job takes its commits for no change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from customer_contract import Contract
from delta.tables import DeltaTable
from lake_kit import SmallLake, record
from maintenance_kit import Rival, age
from pyspark.sql import SparkSession
from pyspark.sql.types import LongType, StringType, StructField, StructType

from etl_customers.idle import summary_if_nothing_new
from etl_customers.job import Layer
from etl_customers.maintenance.main import exit_code, keep_up_all, run
from etl_customers.maintenance.tables import KeptTable, kept_tables
from etl_customers.maintenance.upkeep import Status, Upkeep
from etl_customers.quality.gate import QualityGate
from etl_customers.quality.run_metrics import RunMetricsTable
from etl_customers.summary import summarise, write_summary
from etl_customers.utils import delta_log
from etl_customers.utils.address import Address, Place
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit

_MANY_COMMITS = 4
_BRONZE_AND_PURCHASES = 2
_SCHEMA = StructType([StructField("k", LongType()), StructField("v", StringType())])
_COMMIT = Commit("r", {})


@dataclass
class _Story:
    """A lake whose gold has not yet taken what silver holds for more than a week; kept up before and after it does."""

    lake: SmallLake
    dry: list[Upkeep]
    dry_changed: list[str]
    behind: dict[str, Any]
    rows: list[set[str]]
    caught_up: list[Upkeep]
    gold_operations: set[str]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> _Story:
    lake = SmallLake(tmp_path_factory.mktemp("kept"))
    lake.put("database", record(1), record(2), record(3, cpf="123"))
    lake.run()
    later = "2025-06-01T00:00:00Z"
    lake.put("database", record(1, total_amount="99.00", updated_at=later), record(4), record(5, cpf="456"))
    lake.run(Layer.BRONZE)
    lake.run(Layer.SILVER)
    age(lake.root, 200, spark)
    files = _files(lake.root)
    kept = {table.table.name: table for table in kept_tables(lake.job())}
    bronze, purchases, stage = kept["bronze.customers"], kept["silver.purchases"], kept["silver._stage"]
    dry = keep_up_all([bronze, purchases, stage], dry_run=True)
    changed = sorted(files ^ _files(lake.root))
    rows = [_purchases(lake)]
    assert run([*lake.options(), "--run-id=behind"]) == 0
    report = json.loads((lake.root / "runs" / "behind" / "maintenance.json").read_text(encoding="utf-8"))
    behind = {table["table"]: table for table in report["tables"]}
    rows.append(_purchases(lake))
    job = lake.job()
    write_summary(summarise(job, job.run(Layer.ALL), datetime.now(UTC)), job.settings.runs_path)
    tables = [grouped.table for grouped in (job.monthly, job.per_store, job.customer_360)]
    operations = {change.operation for table in tables if (change := delta_log.newest_change(spark, table.address))}
    caught_up = keep_up_all(kept_tables(lake.job())[:_BRONZE_AND_PURCHASES])
    rows.append(_purchases(lake))
    return _Story(lake, dry, changed, behind, rows, caught_up, operations)


def _purchases(lake: SmallLake) -> set[str]:
    return {str(row) for row in lake.job().purchases.read().collect()}


def _files(root: Path) -> set[str]:
    return {str(path) for layer in ("bronze", "silver", "gold") for path in (root / layer).rglob("*")}


def test_a_dry_run_reports_and_touches_nothing(story: _Story) -> None:
    assert story.dry_changed == []
    assert {done.status for done in story.dry} == {Status.DRY_RUN}
    bronze, purchases, stage = story.dry
    assert bronze.before and stage.before and bronze.before.median_file_bytes
    assert (bronze.before.files, bronze.before.small_files, bronze.before.rows) == (2, 2, 6)
    assert bronze.before.bytes > bronze.before.median_file_bytes > 0
    assert stage.before.reclaimable_files > 0 and stage.before.reclaimable_bytes
    assert purchases.held_for and purchases.held_for.startswith("gold.")


def test_files_become_fewer_and_clustered_and_what_nobody_needs_is_deleted(story: _Story) -> None:
    absent = {name for name, table in story.behind.items() if table["status"] == "absent"}
    assert absent == {"silver._stage_customers", "gold._stage_customer_360"}, "for large tables only"
    for name, table in story.behind.items():
        if name in absent:
            continue
        assert table["status"] == "done" and table["after"]["rows"] == table["before"]["rows"], name
        if name != "silver.purchases":
            assert table["after"]["reclaimable_files"] == 0, name
    assert story.behind["bronze.customers"]["optimized"] and story.behind["bronze.customers"]["after"]["files"] == 1
    assert story.behind["silver._stage"]["vacuum"] == "deleted"
    clustered = story.lake.job().purchases.delta().detail().first()
    assert clustered and clustered["clusteringColumns"] == ["purchase_date"]


def test_the_change_feed_is_kept_until_gold_has_taken_it(story: _Story) -> None:
    held = story.behind["silver.purchases"]
    assert held["vacuum"] == "held" and held["before"]["reclaimable_files"] > 0
    assert story.gold_operations == {"MERGE"}, "gold followed the feed: a cut one would have made it anew"
    freed = story.caught_up[-1]
    assert freed.vacuum == "deleted" and freed.after and freed.after.reclaimable_files == 0
    assert story.rows[0] == story.rows[1] == story.rows[2]


def test_after_maintenance_nothing_is_taken_for_new(story: _Story) -> None:
    lake = story.lake
    before = lake.versions()
    assert summary_if_nothing_new(lake.settings, "idle", datetime.now(UTC)), "not even Spark need start"
    result = lake.run()
    assert result.counts.total("read") == 0 and result.gold_rows == 0
    assert lake.versions() == before
    bronze, purchases = keep_up_all(kept_tables(lake.job())[:_BRONZE_AND_PURCHASES])
    assert not bronze.optimized and not purchases.optimized and purchases.vacuum == "nothing_to_delete"
    assert lake.versions() == before, "no maintenance commits without need"
    job = lake.job()
    newest = delta_log.commits(job.spark, job.purchases.address, 1)[0]
    assert newest.operation == "VACUUM END", "there was a commit to be mistaken"


def test_a_retention_below_the_floor_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spark: SparkSession
) -> None:
    lake = SmallLake(tmp_path)
    assert run([*lake.options(), "--retention-hours=167"]) == 78
    assert "167 is below 168" in capsys.readouterr().err
    assert run([*lake.options(), "--dry-run", "--run-id=none"]) == 0, "a lake that is not there yet is no fault"
    report = json.loads((tmp_path / "runs" / "none" / "maintenance.json").read_text(encoding="utf-8"))
    assert {table["status"] for table in report["tables"]} == {"absent"}
    (tmp_path / "runs" / "taken").write_text("no directory", encoding="utf-8")
    assert run([*lake.options(), "--dry-run", "--run-id=taken"]) == 74
    table = _table(spark, tmp_path / "t", commits=2)
    (done,) = keep_up_all([KeptTable(table)], 400)
    assert done.status is Status.DONE
    age(tmp_path / "t", 300, spark)
    assert keep_up_all([KeptTable(table)])[0].vacuum == "nothing_to_delete", "the table remembers its 400 hours"
    assert keep_up_all([KeptTable(table)], 168)[0].vacuum == "deleted"


def test_many_small_writes_end_in_few_files_and_are_still_counted_right(
    spark: SparkSession, tmp_path: Path, contract: Contract
) -> None:
    with _many_commits_are(_MANY_COMMITS, spark):
        table = _table(spark, tmp_path / "t", commits=_MANY_COMMITS - 1)
        more = _six_parts(spark).selectExpr("k + 60 AS k", "v")
        assert table.append_unheld(more, ("k",), _COMMIT) == 60, "not the figures of auto compaction's own commit"
        plain = str(tmp_path / "plain")
        for _ in range(_MANY_COMMITS):
            _six_parts(spark).write.format("delta").mode("append").save(plain)
        operations = [commit.operation for commit in delta_log.commits(spark, table.address)]
        assert operations == ["OPTIMIZE", *["WRITE"] * _MANY_COMMITS, "CREATE TABLE"]
        for at in range(1, _MANY_COMMITS):
            added = _metrics(table, at)["numFiles"]
            assert added == "1", "optimizeWrite: six parts in one file"
        assert _count_files(table.delta()) == 1
        assert (
            _count_files(DeltaTable.forPath(spark, plain)) == 6 * _MANY_COMMITS
        ), "what a table without the properties comes to"
        merged = []
        for key in range(1000, 1000 + _MANY_COMMITS):
            rows = spark.createDataFrame([(key, "new")], _SCHEMA).alias("s")
            builder = table.delta().alias("t").merge(rows, "t.k = s.k").whenNotMatchedInsertAll()
            commit = Commit("r", {"s": key}, figures={"database": {"read": 1}})
            merged.append(table.merge(builder, commit)["numTargetRowsInserted"])
        operations = [commit.operation for commit in delta_log.commits(spark, table.address)]
        assert operations.count("OPTIMIZE") >= 2, "among the MERGEs too"
        assert merged == [1] * _MANY_COMMITS and table.progress("s").consumed == 1000 + _MANY_COMMITS - 1
        steps = QualityGate(contract, RunMetricsTable(spark, Place(str(tmp_path))), table, "r")._committed()
        assert [step.sources["database"].read for step in steps] == merged, "OPTIMIZE repeats the figures of its MERGE"


def test_bulk_is_not_gathered(spark: SparkSession, tmp_path: Path) -> None:
    table = _table(spark, tmp_path / "t", commits=0)
    table.append(_six_parts(spark), _COMMIT, bulk=True)
    assert _metrics(table, 1)["numFiles"] == "6", "a file from each task"


def test_who_loses_to_another_writer_says_so_and_goes_on(spark: SparkSession, tmp_path: Path) -> None:
    raced, other = (_table(spark, tmp_path / name, commits=2) for name in ("raced", "other"))
    rival = Rival(tmp_path / "raced", spark, "k < 5")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(keep_up_all, [KeptTable(raced), KeptTable(other)])
        rival.commit_during_a_write()
        first, second = running.result()
    assert (first.status, second.status, second.optimized) == (Status.CONFLICT, Status.DONE, True)
    assert first.fault and first.fault.startswith("Concurrent") and exit_code([first, second]) == 75
    assert raced.read().count() == 2 * 60 - 2 * 5 and other.read().count() == 2 * 60
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(keep_up_all, [KeptTable(raced)]) for _ in range(2)]
        statuses = {run.result()[0].status for run in both}
    assert Status.DONE in statuses <= {Status.DONE, Status.CONFLICT}
    assert raced.read().count() == 2 * 60 - 2 * 5 and _count_files(raced.delta()) == 1


def _table(spark: SparkSession, path: Path, commits: int) -> LakeTable:
    table = LakeTable(spark, Address(str(path)), path.name, _SCHEMA, ("k",)).ensure()
    for _ in range(commits):
        table.append(_six_parts(spark), _COMMIT)
    return table


def _six_parts(spark: SparkSession) -> Any:
    return spark.range(0, 60, 1, 6).selectExpr("id AS k", "'old' AS v")


def _metrics(table: LakeTable, version: int) -> Any:
    (found,) = [commit for commit in delta_log.commits(table.spark, table.address) if commit.version == version]
    return found.metrics


def _count_files(table: DeltaTable) -> int:
    detail = table.detail().first()
    assert detail
    return int(detail["numFiles"])


@contextmanager
def _many_commits_are(number: int, spark: SparkSession) -> Iterator[None]:
    """Delta's own number is 50."""
    spark.conf.set("spark.databricks.delta.autoCompact.minNumFiles", str(number))
    try:
        yield
    finally:
        spark.conf.unset("spark.databricks.delta.autoCompact.minNumFiles")

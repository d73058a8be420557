"""Few changes to a large table, in two commits: the rows of one MERGE, whoever comes between."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from lake_kit import SmallLake, record, rows_of
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StringType, StructField, StructType

from etl_customers.errors import WrittenMeanwhile
from etl_customers.job import Layer
from etl_customers.utils import delta_log
from etl_customers.utils.address import Address
from etl_customers.utils.apart import CHANGE, Change, Changes
from etl_customers.utils.conflicts import CONFLICTS
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit

_SCHEMA = StructType([StructField("k", StringType()), StructField("v", LongType())])
_LATER = "2025-06-01T00:00:00Z"
Row = tuple[str | None, int | None]


@pytest.fixture
def table(spark: SparkSession, tmp_path: Path, all_is_large: None) -> LakeTable:
    made = LakeTable(spark, Address(str(tmp_path / "t")), "silver.t", _SCHEMA, ("k", "v"), deletion_vectors=True)
    made.ensure().append(spark.createDataFrame([("a", 1), ("b", 2), ("c", 3), (None, 4)], _SCHEMA), Commit("r", {}))
    return made


def _changes(spark: SparkSession, *rows: tuple[str | None, int | None, Change], **where: Any) -> Changes:
    schema = StructType([*_SCHEMA.fields, StructField(CHANGE, StringType())])
    return Changes.counted(spark.createDataFrame([(k, v, what.value) for k, v, what in rows], schema), ("k",), **where)


def _rows(table: LakeTable) -> set[Row]:
    return {(row["k"], row["v"]) for row in table.read().collect()}


_ALL_KINDS = (("a", 9, Change.UPDATE), ("b", 2, Change.UPDATE), ("c", None, Change.DELETE), ("d", 5, Change.INSERT))


def test_only_a_large_table_of_no_catalog_marks_rows(spark: SparkSession, tmp_path: Path) -> None:
    """Gold's small tables stay readable by everybody; in a catalog two runs could both insert a row."""
    addresses = Address(str(tmp_path / "small")), Address("`gold`.`t`", is_name=True)
    small, named = (LakeTable(spark, at, "gold.t", _SCHEMA, ("k",), deletion_vectors=True) for at in addresses)
    assert small.ensure().properties()["delta.enableDeletionVectors"] == "false"
    assert "delta.enableDeletionVectors" not in small.kept_properties
    assert named.kept_properties["delta.enableDeletionVectors"] == "false", "whoever made it"
    assert small.properties()["delta.isolationLevel"] == "Serializable"


def test_rows_are_inserted_changed_and_deleted_and_the_last_commit_tells_the_progress(
    spark: SparkSession, table: LakeTable
) -> None:
    files = {str(path) for path in Path(table.address.text).glob("*.parquet")}
    changes = _changes(spark, *_ALL_KINDS, (None, 7, Change.UPDATE))
    assert changes.write(table, Commit("r", {"bronze.b": 8})) == 5
    assert _rows(table) == {("a", 9), ("b", 2), ("d", 5), (None, 7)}
    merged, appended, first, _ = delta_log.commits(spark, table.address)
    assert [merged.operation, appended.operation] == ["MERGE", "WRITE"]
    assert "bronze.b" in str(merged.metadata) and "bronze.b" not in str(appended.metadata)
    assert table.progress("bronze.b").consumed == 8
    copied = merged.metrics.get("numTargetRowsCopied")
    assert copied == "0", "deletion vectors: no row is written anew but those that change"
    assert files <= {str(path) for path in Path(table.address.text).glob("*.parquet")}
    feed = table.feed(first.version, merged.version).changes().where("_change_type <> 'insert'").collect()
    assert {(row["k"], row["_change_type"]) for row in feed} == {
        ("a", "update_postimage"),
        ("b", "update_postimage"),  # the same as it was: MERGE is not asked to look
        (None, "update_postimage"),
        ("c", "delete"),
    }


def test_a_commit_alone_carries_the_progress(spark: SparkSession, table: LakeTable) -> None:
    assert _changes(spark, ("d", 5, Change.INSERT)).write(table, Commit("r", {"b": 1})) == 1
    assert table.progress("b").consumed == 1
    assert _changes(spark, ("a", 5, Change.UPDATE)).write(table, Commit("r", {"b": 2})) == 1
    assert table.progress("b").consumed == 2
    assert _changes(spark).write(table, Commit("r", {"b": 3})) == 0
    assert table.progress("b").consumed == 3
    assert _changes(spark, ("z", 2, Change.UPDATE)).write(table, Commit("r", {"b": 4})) == 0, "it is not there"
    assert table.progress("b").consumed == 4


def test_where_changes_lie_spares_the_other_files(spark: SparkSession, table: LakeTable) -> None:
    table.append(spark.createDataFrame([("x", 100)], _SCHEMA), Commit("r", {}))
    within = F.col("t.v").between(F.lit(50), F.lit(150))
    assert _changes(spark, ("x", 101, Change.UPDATE), within=within).write(table, Commit("r", {})) == 1
    assert ("x", 101) in _rows(table)
    assert _changes(spark, ("a", 8, Change.UPDATE), within=within).write(table, Commit("r", {})) == 0, "it is not there"


def test_rows_that_another_run_inserted_are_not_doubled_and_leave_the_progress_as_it_was(
    spark: SparkSession, table: LakeTable
) -> None:
    table.append(spark.createDataFrame([("d", 1)], _SCHEMA), Commit("other", {}))
    with pytest.raises(WrittenMeanwhile):
        _changes(spark, *_ALL_KINDS).write(table, Commit("r", {"b": 1}))
    assert sorted(v for k, v in _rows(table) if k == "d") == [1]
    assert table.progress("b").consumed is None


def test_an_insertion_during_the_append_is_a_conflict(spark: SparkSession, table: LakeTable) -> None:
    """Though no file of the table need be read: `since` passes over all of them."""
    sleeps = F.expr("java_method('java.lang.Thread', 'sleep', 2000L)")
    changes = Changes(
        _changes(spark, ("d", 5, Change.INSERT)).rows.where(F.coalesce(sleeps, F.lit("")) != "x"),
        ("k",),
        inserts=1,
        changes=0,
        since=F.col("v") > 1000,
    )
    caught: list[BaseException] = []

    def write() -> None:
        try:
            changes._insert(table, Commit("r", {}))
        except BaseException as error:  # told below
            caught.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(1)
    _changes(spark, ("d", 6, Change.INSERT)).write(table, Commit("other", {}))
    writer.join()
    assert len(caught) == 1 and isinstance(caught[0], CONFLICTS), caught
    assert [v for k, v in _rows(table) if k == "d"] == [6]


def test_a_run_that_ends_between_the_two_commits_is_taken_up(
    lake: SmallLake, all_is_large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put("database", record(1), record(2), record(3))
    lake.run_to_silver()
    lake.put("database", record(1, product="Chá", updated_at=_LATER), record(4), record(5))
    lake.run(Layer.BRONZE)
    merge = LakeTable.merge
    for at in ("silver.purchases", "silver.customers"):
        _end_before_merge_of(at, monkeypatch, merge)
        with pytest.raises(_Killed):
            lake.run(Layer.SILVER)
    monkeypatch.setattr(LakeTable, "merge", merge)
    lake.run(Layer.SILVER)
    job = lake.job()
    bought = {row["purchase_id"]: row["product"] for row in job.purchases.read().collect()}
    assert bought == {"P1": "Chá", **{f"P{number}": "Café" for number in range(2, 6)}}
    assert job.purchases.read().count() == 5 and job.quarantine.read().isEmpty()
    customers = job.customers
    assert rows_of(customers.table.read()) == rows_of(customers.computed(job.purchases.read()))


class _Killed(BaseException):
    """Not one that the job would catch."""


def _end_before_merge_of(name: str, monkeypatch: pytest.MonkeyPatch, merge: Any) -> None:
    def merge_or_end(table: LakeTable, *given: Any) -> Any:
        if table.name == name:
            raise _Killed
        return merge(table, *given)

    monkeypatch.setattr(LakeTable, "merge", merge_or_end)

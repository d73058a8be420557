"""A table's log read from its files says what Delta's own history says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.types import LongType, StructField, StructType

from etl_customers.utils import change_feed, delta_log
from etl_customers.utils.address import Address
from etl_customers.utils.delta_log import LoggedCommit
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit


def test_the_files_of_the_log_say_what_delta_says(spark: SparkSession, tmp_path: Path) -> None:
    table = LakeTable(
        spark, Address(str(tmp_path / "t")), "silver.t", StructType([StructField("n", LongType())]), ("n",)
    )
    table.ensure()
    for version in (1, 2):
        table.append(spark.range(version).selectExpr("id AS n"), Commit("r", {"bronze.b": version}))
    table.merge(table.delta().alias("t").merge(spark.range(1).alias("s"), "t.n = s.id").whenMatchedDelete(), _COMMIT)
    table.delta().restoreToVersion(1)
    # Not a path of a local disk, so Delta is asked.
    elsewhere = Address(f"file:{table.address.text}")
    told = delta_log.commits(spark, elsewhere)
    read = delta_log.commits(spark, table.address)
    assert read == told
    assert [commit.operation for commit in read] == ["RESTORE", "MERGE", "WRITE", "WRITE", "CREATE TABLE"]
    assert delta_log.commits(spark, table.address, 1) == read[:1]
    id_told = table.delta().detail().select("id").collect()[0][0]
    assert table.id == id_told and delta_log.table_id(elsewhere) is None
    assert table.version() == 4 and table.progress("bronze.b").consumed == 1
    after = delta_log.since(spark, table.address, 2)
    assert (after.newest, after.commits, after.is_whole) == (4, read[:2], True)
    assert delta_log.since(spark, table.address, 4).is_whole and not delta_log.since(spark, table.address, 5).is_whole
    (table.address.directory / "_delta_log" / f"{0:020d}.json").unlink()  # type: ignore[operator]
    assert not delta_log.since(spark, table.address, -1).is_whole, "the log was cleaned up"
    assert [commit.rows for commit in read] == [None, 2, 2, 1, None], "added, changed and removed, where it is known"


def test_few_are_rows_whose_number_is_known(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = StructType([StructField("n", LongType())])
    table = LakeTable(spark, Address(str(tmp_path / "t")), "silver.t", schema, ("n",)).ensure()
    for rows in (2, 3):
        table.append(spark.range(rows).selectExpr("id AS n"), Commit("r", {}))
    table.replace(spark.range(1).selectExpr("id AS n"), Commit("r", {}))
    monkeypatch.setattr(change_feed, "FEW_ROWS", 4)
    assert table.feed(0, 1).are_few() and table.feed(1, 2).are_few()
    assert not table.feed(0, 2).are_few(), "five rows"
    assert not table.feed(2, 3).are_few(), "who knows how many an overwrite removed"
    assert not table.feed(None, 2).are_few() and not table.feed(2, 9).are_few(), "what is not on record may be many"


def test_who_commits_between_two_looks_hides_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, look = tmp_path / "_delta_log", delta_log.commits
    log.mkdir()

    def commit(version: int) -> None:
        (log / f"{version:020d}.json").write_text('{"commitInfo":{"operation":"WRITE"}}\n', encoding="utf-8")

    def disturbed(*asked: Any) -> list[LoggedCommit]:
        found = look(*asked)
        if coming:
            commit(coming.pop())
        return found

    for version in range(3):
        commit(version)
    coming = [4, 3]
    monkeypatch.setattr(delta_log, "commits", disturbed)
    since = delta_log.since(None, Address(str(tmp_path)), 0)  # type: ignore[arg-type]
    assert (since.newest, [commit.version for commit in since.commits], since.is_whole) == (2, [2, 1], True)
    (log / f"{1:020d}.json").unlink()
    since = delta_log.since(None, Address(str(tmp_path)), 0)  # type: ignore[arg-type]
    assert [commit.version for commit in since.commits] == [4, 3, 2] and not since.is_whole, "the log was cleaned up"


def test_commits_in_the_making_do_not_count(tmp_path: Path) -> None:
    log = tmp_path / "_delta_log"
    log.mkdir()
    for name in (f"{0:020d}.json", f".{1:020d}.json.crc", f"{1:020d}.checkpoint.parquet", f".{1:020d}.json.x.tmp"):
        (log / name).write_text('{"commitInfo":{"operation":"WRITE"}}\n', encoding="utf-8")
    told = delta_log.commits(None, Address(str(tmp_path)))  # type: ignore[arg-type]
    assert told == [LoggedCommit(0, "WRITE", {}, {}, None)]


_COMMIT = Commit("r", {"bronze.b": 3})

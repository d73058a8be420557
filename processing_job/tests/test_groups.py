"""Grouped tables whose changes alone do not tell what to do: made anew, they equal a table made from nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from lake_kit import vacuum_now
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, LongType, StringType, StructField, StructType

from etl_customers.utils.address import Address
from etl_customers.utils.groups import GroupedTable
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit

_SOURCE = StructType([StructField("k", StringType()), StructField("v", IntegerType())])
_SUMS = StructType([StructField("k", StringType()), StructField("total", LongType())])


class _Lake:
    """A source of two groups, and a table of their sums that has seen all of it."""

    def __init__(self, spark: SparkSession, root: Path) -> None:
        self.spark, self.root = spark, root
        self.source = self.source_table()
        self.add(("a", 1), ("b", 2), (None, 4))
        self.sums = self.table(_SUMS)
        assert self.refresh() == 3

    def table(self, schema: StructType) -> GroupedTable:
        def aggregate(rows: DataFrame) -> DataFrame:
            return rows.groupBy("k").agg(F.sum("v").alias("total"), F.count("*").alias("n"))

        # the target's columns choose among the aggregates
        table = LakeTable(self.spark, Address(str(self.root / "sums")), "sums", schema, ("k",))
        return GroupedTable(table, ("k",), lambda rows: aggregate(rows).select(*schema.fieldNames()))

    def source_table(self) -> LakeTable:
        return LakeTable(self.spark, Address(str(self.root / "source")), "source", _SOURCE, ("k",))

    def lose_source(self) -> None:
        shutil.rmtree(self.root / "source")
        self.source = self.source_table()

    def add(self, *rows: tuple[str | None, int]) -> None:
        self.source.ensure().append(self.spark.createDataFrame(list(rows), _SOURCE), Commit("run", {}))

    def refresh(self) -> int:
        return self.sums.refresh(self.source, "run").rows

    def rows(self) -> dict[str | None, tuple[int, ...]]:
        names = [name for name in self.sums.table.schema.fieldNames() if name != "k"]
        return {row["k"]: tuple(row[name] for name in names) for row in self.sums.table.read().collect()}


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> _Lake:
    return _Lake(spark, tmp_path)


def test_a_group_that_is_gone_goes_even_if_the_progress_is_unknown(lake: _Lake) -> None:
    lake.source.delta().delete("k = 'b'")
    lake.sums = replace(lake.sums, rules="other rules")
    assert lake.refresh() == 2
    assert lake.rows() == {"a": (1,), None: (4,)}
    assert lake.refresh() == 0, "once made by the new rules it is followed by changes again"
    lake.add(("a", 5))
    assert lake.refresh() == 1
    assert lake.rows() == {"a": (6,), None: (4,)}


def test_a_table_of_other_columns_is_made_anew_with_them(lake: _Lake) -> None:
    lake.sums = lake.table(StructType([*_SUMS.fields, StructField("n", LongType())]))
    lake.add(("a", 1))
    assert lake.refresh() == 3
    assert lake.rows() == {"a": (2, 2), "b": (2, 1), None: (4, 1)}


def test_going_back_to_former_rules_does_not_take_up_their_old_progress(lake: _Lake) -> None:
    former = lake.sums
    lake.sums = replace(former, rules="other rules")
    lake.refresh()
    lake.sums = former
    assert lake.refresh() == 3


def test_a_source_that_was_made_anew_is_read_whole(lake: _Lake) -> None:
    lake.add(("b", 1))
    lake.refresh()
    lake.lose_source()
    lake.add(("c", 7))
    assert lake.refresh() == 1
    assert lake.rows() == {"c": (7,)}
    lake.lose_source()
    lake.add(("d", 8))
    assert lake.refresh() == 1, "the same version, but of another table"
    assert lake.rows() == {"d": (8,)}


def test_a_change_feed_that_vacuum_has_cut_is_no_end(lake: _Lake) -> None:
    lake.source.delta().update("k = 'a'", {"v": F.lit(10)})
    lake.source.delta().delete("k = 'b'")
    vacuum_now(lake.source)
    assert lake.refresh() == 2
    assert lake.rows() == {"a": (10,), None: (4,)}

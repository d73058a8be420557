"""Maintenance clusters a table as its definition says, also where that is not at all any more."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.types import LongType, StructField, StructType

from etl_customers.maintenance.files import layout_of
from etl_customers.maintenance.main import keep_up_all
from etl_customers.maintenance.tables import KeptTable
from etl_customers.maintenance.upkeep import Status
from etl_customers.utils.address import Address
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit


def test_clustering_that_is_no_longer_wanted_is_taken_off(spark: SparkSession, tmp_path: Path) -> None:
    schema = StructType([StructField("k", LongType())])
    table = LakeTable(spark, Address(str(tmp_path / "t")), "silver.t", schema, ("k",)).ensure()
    table.append(spark.range(2).selectExpr("id AS k"), Commit("r", {}))
    spark.sql(f"ALTER TABLE {table.address.sql} CLUSTER BY (k)")
    kept_at = []
    for _ in range(2):
        (done,) = keep_up_all([KeptTable(table)])
        assert done.status is Status.DONE and layout_of(table).clustered_by == []
        kept_at.append(table.version())
    assert kept_at[0] == kept_at[1] and not table.changed_since(1), "once, and it is no change of rows"

"""`python -m benchmarks.lakehouse_merges prepare|run LAKE OUT`: what Delta's bare MERGEs of a run's results cost.

`prepare`: of each table that the job's newest run changed, a copy as it was before, and the rows that became other.
`run`: brings these rows into the copies by one MERGE a table, and prints the seconds as JSON: no raw is read, no row is
checked, masked, compared, aggregated or counted. What a job writes by MERGE cannot cost less, in this session.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

from delta.tables import DeltaTable
from etl_customers.config.session import local_session
from etl_customers.utils import delta_log
from etl_customers.utils.address import Address
from pyspark.sql import SparkSession

_KEYS = {
    "silver/purchases": ("purchase_key",),
    "silver/customers": ("cpf_token",),
    "gold/store_monthly_metrics": ("store_id", "month", "currency"),
    "gold/customers_per_store": ("store_id", "month"),
    "gold/customer_360": ("cpf_token",),
}


def main() -> None:
    """Entry point."""
    what, lake, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    spark = local_session()
    spark.range(1).collect()
    if what == "prepare":
        for name in _KEYS:
            _prepare(spark, lake / name, out / name)
    else:
        started = time.perf_counter()
        for name, keys in _KEYS.items():
            _merge(spark, out / name, keys)
        print(json.dumps({"seconds": time.perf_counter() - started}))
    spark.stop()


def _prepare(spark: SparkSession, table: Path, out: Path) -> None:
    first, last = _versions_of_newest_run(spark, table)
    feed = spark.read.format("delta").option("readChangeFeed", "true")
    feed = feed.option("startingVersion", first).option("endingVersion", last)
    became = feed.load(str(table)).where("_change_type IN ('insert', 'update_postimage')")
    names = spark.read.format("delta").load(str(table)).columns
    became.select(*names).write.parquet(str(out / "rows"))
    shutil.copytree(table, out / "table")
    DeltaTable.forPath(spark, str(out / "table")).restoreToVersion(first - 1)


def _versions_of_newest_run(spark: SparkSession, table: Path) -> tuple[int, int]:
    """The first and the last version of the table that its newest run committed."""
    runs: dict[str, list[int]] = {}
    for commit in delta_log.commits(spark, Address(str(table))):
        run = json.loads(commit.metadata or "{}").get("run_id")
        if run and commit.changes_rows:
            runs.setdefault(run, []).append(commit.version)
    newest = max(runs.values(), key=max)
    return min(newest), max(newest)


def _merge(spark: SparkSession, out: Path, keys: tuple[str, ...]) -> None:
    rows = spark.read.parquet(str(out / "rows")).alias("s")
    same = " AND ".join(f"t.{key} <=> s.{key}" for key in keys)
    merge = DeltaTable.forPath(spark, str(out / "table")).alias("t").merge(rows, same)
    merge.whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()


if __name__ == "__main__":
    main()

"""silver.run_metrics: the figures of every run that read something, one row a figure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pyspark.sql import SparkSession
from pyspark.sql.types import LongType, StringType, StructField, StructType, TimestampType

from etl_customers.modules.silver.counts import SilverCounts
from etl_customers.utils.lake_table import Commit, LakeTable

_SCHEMA = StructType(
    [
        StructField("run_id", StringType()),
        StructField("run_at", TimestampType()),
        StructField("source", StringType()),
        StructField("metric", StringType(), True, {"comment": "read, written, duplicate, stale, quarantined, masked"}),
        StructField("detail", StringType(), True, {"comment": "Rule and column, or the column masked; else NULL"}),
        StructField("rows", LongType()),
    ]
)
_OUTCOMES = ("read", "written", "duplicate", "stale", "quarantined")


def append_metrics(spark: SparkSession, silver_path: str, run_id: str, run_at: datetime, counts: SilverCounts) -> None:
    """Add a run's figures."""
    table = LakeTable(spark, f"{silver_path}/run_metrics", "silver.run_metrics", _SCHEMA, ("run_id", "run_at"))
    rows = [(run_id, run_at, *figure) for figure in _figures(counts)]
    table.ensure().append(spark.createDataFrame(rows, _SCHEMA), Commit(run_id, {}))


def _figures(counts: SilverCounts) -> Iterator[tuple[str, str, str | None, int]]:
    for name, source in counts.sources.items():
        for outcome in _OUTCOMES:
            yield name, outcome, None, getattr(source, outcome)
        for reason, rows in source.reasons.items():
            yield name, "quarantined", reason, rows
        for column, rows in source.masked.items():
            yield name, "masked", column, rows

"""ops.run_metrics: the figures and the verdicts of every run, one row each, append only."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC, datetime

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DoubleType, LongType, StringType, StructField, StructType, TimestampType

from etl_customers.quality.history import History
from etl_customers.quality.metric import Metric
from etl_customers.utils.address import Place
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit

NAME = "ops.run_metrics"
#: How far back rules and trends look, in rows: hundreds of runs, and a bound on what the driver holds.
_NEWEST_ROWS = 20_000
_TYPES: dict[str, DataType] = {"run_at": TimestampType(), "value": DoubleType(), "silver_version": LongType()}
_COMMENTS = {
    "run_id": "The run that counted or judged",
    "layer": "bronze: what arrived; silver: what became of it",
    "measure": "read, written, duplicate, stale, quarantined, masked, newest_arrival, newest_event, or a rule's",
    "detail": "Reason with its column, or the column; NULL for whole rows",
    "rule": "The contract's quality rule; NULL for a plain figure",
    "outcome": "passed, warned, breached, accepted, not_judged",
    "since": "The run whose rows the verdict is about",
    "silver_version": "The version of silver.purchases that the figure belongs to",
}
_SCHEMA = StructType(
    [
        StructField(f.name, _TYPES.get(f.name, StringType()), True, {"comment": _COMMENTS.get(f.name, "")})
        for f in fields(Metric)
    ]
)


class RunMetricsTable:
    """The table."""

    def __init__(self, spark: SparkSession, ops: Place) -> None:
        self.spark = spark
        self.table = LakeTable(spark, ops.table("run_metrics"), NAME, _SCHEMA, ("run_id", "run_at"))

    def history(self) -> History:
        """The newest rows on record."""
        if not self.table.exists():
            return History([])
        frame = self.table.read().where("measure <> 'masked'")
        rows = _collected(frame.limit(_NEWEST_ROWS + 1))
        if len(rows) > _NEWEST_ROWS:  # only then is sorting worth its while
            rows = _collected(frame.orderBy(F.desc("run_at")).limit(_NEWEST_ROWS))
        return History(Metric(**row.asDict()) for row in rows)

    def append(self, metrics: list[Metric], run_id: str) -> None:
        """Add rows in one commit."""
        rows = [_row(metric) for metric in metrics]
        self.table.ensure().append(self.spark.createDataFrame(rows, _SCHEMA).coalesce(1), Commit(run_id, {}))


def _collected(frame: DataFrame) -> list[Row]:
    return frame.withColumn("run_at", F.unix_micros("run_at") / 1_000_000).collect()


def _row(metric: Metric) -> tuple[object, ...]:
    value = None if metric.value is None else float(metric.value)  # counts are whole numbers, the column is a double
    told = asdict(metric) | {"run_at": datetime.fromtimestamp(metric.run_at, UTC), "value": value}
    return tuple(told.values())

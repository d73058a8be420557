"""Silver's native expressions against the same rules in Python UDFs, over the same rows."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from customer_contract import Contract, load_contract
from etl_customers.config.session import local_session
from etl_customers.modules.silver.stage import stage
from etl_customers.privacy.token_key import TokenKey
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from benchmarks.measured import BenchmarkError
from benchmarks.results import Line, PartResult
from benchmarks.sample_rows import source_rows
from benchmarks.silver_udfs import stage_with_udfs

_ROUNDS = 3
_WARM_UPS = 4  # Java's compilers need so many passes over so much generated code
_SYNTHETIC_ROWS = 50_000
#: Rows with a blank to be trimmed: the demo has none, and silver looks at those only that have.
_UNTIDY_SHARE = 0.1
_COMPARED = (
    *("customer_id", "cpf", "first_name", "last_name", "email", "credit_card_number", "purchase_date"),
    *("total_amount", "currency", "product", "store_location", "store_id", "store_state", "purchase_id"),
    *("updated_at", "cpf_token", "token_key_id", "_priority", "_row_hash", "_content_hash", "purchase_key"),
)
_KEY = TokenKey("bench", bytes(range(32)))
_GOAL = 5


def measure_silver(rows: int, console: Console) -> PartResult:
    """A quarter of `rows` through both, to Spark's noop sink, after runs of each that warm Java and Python."""
    contract = load_contract()
    with TemporaryDirectory(prefix="bench-silver-") as work, console.status("making bronze") as status:
        spark = local_session()
        try:
            bronze = _bronze(spark, contract, rows // 4, Path(work))
            status.update("comparing what both find")
            sample = bronze.where(F.conv(F.substring("_row_hash", 1, 2), 16, 10).cast("int") < 16)
            ours, theirs = stage(sample, spark, contract, _KEY), stage_with_udfs(sample, contract, _KEY)
            compared = _agree(_stored(ours, Path(work, "ours")), _stored(theirs, Path(work, "theirs")))
            native, udfs = stage(bronze, spark, contract, _KEY), stage_with_udfs(bronze, contract, _KEY)
            runs: dict[str, list[float]] = {"read": [], "native": [], "udfs": []}
            for number in range(_WARM_UPS + _ROUNDS):
                status.update(f"round {number + 1} of {_WARM_UPS + _ROUNDS}, warm-ups included")
                runs["read"].append(_seconds(lambda: bronze))
                runs["native"].append(_seconds(lambda: native))
                runs["udfs"].append(_seconds(lambda: udfs))
            count = bronze.count()
        finally:
            spark.stop()
    return _result(count, compared, {name: seconds[_WARM_UPS:] for name, seconds in runs.items()})


def _result(count: int, compared: int, runs: dict[str, list[float]]) -> PartResult:
    read, native, udfs = (median(runs[name]) for name in ("read", "native", "udfs"))
    ratio = udfs / native
    rates = [count / seconds / 1000 for seconds in (native, udfs)]
    lines = [
        Line(f"rows/s against Python UDFs, {count:,} rows", "k/s", *rates, ratio, f">= {_GOAL} x", ratio >= _GOAL),
        Line("the same, reading the rows left out", "k/s", *_net(count, read, native, udfs)),
    ]
    facts = {
        "rows on which both were compared": f"{compared:,}, equal in {len(_COMPARED) + 1} columns",
        "session": "local[2], warm, bronze as Parquet, noop sink",
    }
    return PartResult("silver", "Silver's expressions", lines, facts, {"seconds": runs})


def _net(count: int, read: float, native: float, udfs: float) -> tuple[float, float, float]:
    ours, other = native - read, udfs - read
    return count / ours / 1000, count / other / 1000, other / ours


def _seconds(frame: Callable[[], DataFrame]) -> float:
    started = time.perf_counter()
    frame().write.format("noop").mode("overwrite").save()
    return time.perf_counter() - started


def _bronze(spark: SparkSession, contract: Contract, rows: int, work: Path) -> DataFrame:
    """The demo's rows of all three sources, clean and dirty, repeated under other purchase_ids."""
    names = contract.column_names
    some = min(rows, _SYNTHETIC_ROWS)
    sample = work / "sample.jsonl"
    with sample.open("w", encoding="utf-8") as file:
        for source, row in source_rows(some):
            file.write(json.dumps({"_source": source, **dict(zip(names, row, strict=True))}) + "\n")
    schema = ", ".join(f"{name} string" for name in ("_source", *names))
    frame = spark.read.schema(schema).json(str(sample))
    frame = frame.crossJoin(spark.range(rows // some).withColumnRenamed("id", "copy"))
    bronze = frame.select(
        *(F.col(name) for name in names if name not in ("purchase_id", "first_name")),
        F.when(F.rand(1) < _UNTIDY_SHARE, F.concat(F.lit(" "), "first_name"))
        .otherwise(F.col("first_name"))
        .alias("first_name"),
        F.concat_ws("-", "purchase_id", "copy").alias("purchase_id"),
        "_source",
        F.lit("b1").alias("_batch_id"),
        F.lit("file").alias("_source_file"),
        F.sha2(F.concat_ws("|", *names, "copy"), 256).alias("_row_hash"),
        F.current_timestamp().alias("_ingested_at"),
        F.lit(None).cast("string").alias("_rescued_data"),
    )
    target = str(work / "bronze")
    bronze.repartition(4).write.parquet(target)
    return spark.read.parquet(target)


def _stored(frame: DataFrame, path: Path) -> DataFrame:
    """`frame` from the disk: comparing would otherwise plan, and run, all of it several times."""
    frame.write.parquet(str(path))
    return frame.sparkSession.read.parquet(str(path))


def _agree(native: DataFrame, udfs: DataFrame) -> int:
    """Refuse to compare the speed of two things that differ; returns on how many rows they were compared."""
    errors = F.array_sort(F.transform("_errors", lambda e: F.concat_ws(":", e["column"], e["rule"]))).alias("errors")
    ours, theirs = (frame.select(*_COMPARED, errors) for frame in (native, udfs))
    different = ours.exceptAll(theirs).count() + theirs.exceptAll(ours).count()
    if different:
        if os.environ.get("BENCH_SHOW_DIFF"):
            ours.exceptAll(theirs).orderBy("_row_hash").show(5, truncate=False, vertical=True)
            theirs.exceptAll(ours).orderBy("_row_hash").show(5, truncate=False, vertical=True)
        raise BenchmarkError(f"the UDFs and silver differ in {different} rows; correct benchmarks/python_rules.py")
    return ours.count()

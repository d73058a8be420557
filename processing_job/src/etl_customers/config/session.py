"""The Spark session: a local one with Delta, or the one that Databricks gives."""

from __future__ import annotations

import os
from collections.abc import Callable

from pyspark.sql import SparkSession

from etl_customers.config.jars import OWN, class_path
from etl_customers.config.settings import JobSettings, SessionKind

#: What every session needs, wherever it runs; serverless compute lets a session set these.
_EVERYWHERE = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}
#: Makes the job faster, where whoever makes the session may say so (processing_job/resources/etl_customers.job.yml).
FASTER = {
    # The JVM never compiles a method of more than 8,000 bytes. Silver's rules are longer, so rather than one method
    # for the whole stage Spark shall generate many small ones (measured: 1.5 times the rows a second).
    "spark.sql.codegen.hugeMethodLimit": "8000",
}

_JAVA_OPTIONS = " ".join(
    (
        # On two cores G1's barriers cost more than its short pauses are worth to a batch (measured: silver in 0.75 of
        # the time with the parallel collector).
        "-XX:+UseParallelGC",
        # Silver's rules are many small generated methods: let the optimising compiler build larger units of them
        # (measured: silver in 0.9 of the time).
        *("-XX:InlineSmallCode=4000", "-XX:FreqInlineSize=500"),
        # The heap in large pages, where the system has them: only Linux knows the flag.
        *("-XX:+IgnoreUnrecognizedVMOptions", "-XX:+UseTransparentHugePages"),
    )
)
#: Up to so many rows in the lake, the JVM's optimising compiler (C2) costs more than its code saves: half of the CPU
#: seconds of a run over 20,000 rows. The first compiler alone is several times slower where C2 would have had its time.
SMALL_LAKE_ROWS = 100_000
_NO_C2 = "-XX:TieredStopAtLevel=1"
#: MERGE marks the rows that it changes, by deletion vectors, in tables that allow it.
MERGE_MARKS_ROWS = "spark.databricks.delta.merge.deletionVectors.persistent"
SMALL = {
    # Planning a query anew after each of its stages costs a fifth of such a run, and with so few rows finds nothing
    # better (measured: a run over 4 more rows in 0.8 of the time).
    "spark.sql.adaptive.enabled": "false",
    # A MERGE looks for the rows to mark in one more query; to write so small a file anew is faster (0.8 of the time).
    MERGE_MARKS_ROWS: "false",
}
_PARTS_A_THREAD = 16

#: A small lake on one machine: Delta's and Spark's defaults of 50 and 200 partitions cost seconds a query.
_LOCAL = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.databricks.delta.snapshotPartitions": "1",
    # Delta 4.4 refuses versions and change feeds older than a table's retention even if no file is missing. The job
    # goes on where it stopped, however long ago: maintenance keeps the files, and a feed that is cut is noticed.
    # https://github.com/delta-io/delta/pull/5022
    "spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration": "false",
    # Else PySpark asks Java several times for each expression where in Python it was made: a third of all its calls.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": _JAVA_OPTIONS,
    "spark.sql.redaction.string.regex": "[0-9a-fA-F]{64,}",
}


def get_session(settings: JobSettings, rows: Callable[[], int]) -> SparkSession:
    """The session to work on; the local one is started on first use and reused after.

    `rows`: counts the rows of the lake. Asked for a local session only, as it reads every manifest.
    """
    if settings.session is SessionKind.AMBIENT:
        spark = SparkSession.builder.getOrCreate()
    else:
        spark = local_session(settings.local_threads, settings.local_memory, small=rows() <= SMALL_LAKE_ROWS)
    for name, value in _EVERYWHERE.items():
        spark.conf.set(name, value)
    return spark


def local_session(
    threads: int = 2, memory: str = "2g", more: dict[str, str] | None = None, small: bool = False
) -> SparkSession:
    """A Spark with Delta in this process: `threads` cores, `memory` as Java writes sizes, `more` Spark options.

    `small`: tuned for a short life with few rows; has no effect if this process has started a JVM before.
    """
    os.environ.update(OWN)
    builder = SparkSession.builder.master(f"local[{threads}]").appName("etl-customers")
    options = _LOCAL | _EVERYWHERE | FASTER | (more or {})
    # On the class path, since what `spark.jars` names is copied at each start.
    options["spark.driver.extraClassPath"] = class_path()
    if small:
        options |= {"spark.driver.extraJavaOptions": f"{_JAVA_OPTIONS} {_NO_C2}"} | SMALL
    options["spark.driver.memory"] = memory
    options["spark.sql.shuffle.partitions"] = str(threads)
    if not options.items() >= SMALL.items():
        # Parts that can be sorted in memory, put together again where they turn out small by adaptive execution.
        options["spark.sql.shuffle.partitions"] = str(threads * _PARTS_A_THREAD)
        # So much raw makes a file of bronze that auto compaction leaves alone, as it is not below 64 MB.
        options["spark.sql.files.maxPartitionBytes"] = "256m"
        # What a filter passes over in a file, and the part of it that one task can take. By default it is a whole file.
        options["spark.hadoop.parquet.block.size"] = str(32 * 2**20)
        # Files of 1 GB, the default of OPTIMIZE, would hold years of such a lake: a day's changes touch one file.
        options["spark.databricks.delta.optimize.maxFileSize"] = str(128 * 2**20)
        # At the first write of a process to a clustered table, Delta's open source writes all of the table anew
        # (4.4.0; 120 s for 10,000,000 rows of bronze and 10,000 more). Here it is left to the daily maintenance.
        options["spark.databricks.delta.autoCompact.enabled"] = "false"
    # VACUUM lists directories in so many tasks; by default 10,000, which is minutes on two cores.
    options["spark.sql.sources.parallelPartitionDiscovery.parallelism"] = str(threads)
    for name, value in options.items():
        builder = builder.config(name, value)
    spark: SparkSession = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")  # Spark's own error lines quote rows; faults are told by job_log
    return spark

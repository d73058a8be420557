"""Starts the job's session and runs one query. `jars`: as the job does; `packages`: by spark.jars.packages."""

from __future__ import annotations

import sys

from etl_customers.config import session
from etl_customers.config.jars import delta_coordinate
from pyspark.sql import SparkSession


def main() -> None:
    """Entry point."""
    if sys.argv[1] == "packages":
        spark = _with_packages()
    else:
        spark = session.local_session()
    spark.range(1).collect()
    spark.stop()


def _with_packages() -> SparkSession:
    """The same session, but for where the jars come from."""
    options = session._LOCAL | session._EVERYWHERE | session.FASTER | {"spark.jars.packages": delta_coordinate()}
    options |= {"spark.driver.memory": "2g", "spark.sql.shuffle.partitions": "2"}
    builder = SparkSession.builder.master("local[2]").appName("etl-customers")
    for name, value in options.items():
        builder = builder.config(name, value)
    spark: SparkSession = builder.getOrCreate()
    return spark


if __name__ == "__main__":
    main()

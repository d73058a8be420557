"""Rows kept on their way between two steps, in a table of their own that each run overwrites."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from etl_customers.utils import delta_log
from etl_customers.utils.address import Address
from etl_customers.utils.progress import Commit

#: Among so many newest commits of the table is this run's own.
_NEAR = 20


@dataclass(frozen=True)
class Staging:
    """Computes rows once, however often they are read. What takes part must be masked: the table is like any other."""

    spark: SparkSession
    address: Address
    #: Layer and table.
    name: str

    def kept(self, frame: DataFrame, run_id: str) -> DataFrame:
        """The same rows, read from the staging table."""
        written = Commit(run_id, {}).to_json()
        writer = frame.write.mode("overwrite").option("overwriteSchema", "true").option("userMetadata", written)
        self.address.save(writer.option("delta.dataSkippingNumIndexedCols", "0"))
        # by its version: another run may have put its own rows in their place by now
        newest = delta_log.commits(self.spark, self.address, _NEAR)
        version = next(commit.version for commit in newest if commit.metadata == written)
        return self.address.load(self.spark.read.option("versionAsOf", version))

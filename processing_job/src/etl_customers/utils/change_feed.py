"""What some versions of a table changed, by Delta's change data feed."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from etl_customers.utils import delta_log
from etl_customers.utils.address import Address

#: The conditions of a change feed whose files VACUUM, or whose commits the clean-up of the log, has removed.
_CUT = (
    "FAILED_READ_FILE.FILE_NOT_EXIST",
    "DELTA_CHANGE_DATA_FILE_NOT_FOUND",
    "DELTA_VERSION_NOT_FOUND",
    "DELTA_UNSUPPORTED_TIME_TRAVEL_BEYOND_DELETED_FILE_RETENTION_DURATION",
)
#: Their keys make some 20 MB.
FEW_ROWS = 100_000


def why_cut(error: Exception) -> str | None:
    """By what condition of Spark's that error says that changes are not on record any more; None if it does not.

    By the way Spark is called, its fault comes in one of several classes.
    """
    return next((condition for condition in _CUT if condition in str(error)), None)


@dataclass(frozen=True)
class ChangeFeed:
    """The changes of versions `after` + 1 to `until` of the table at that address; if `after` is None, all rows."""

    spark: SparkSession
    address: Address
    after: int | None
    until: int

    def changes(self) -> DataFrame:
        """The rows as they became, with `_change_type`; of all rows: as inserts."""
        if self.after is None:
            return self._all().withColumn("_change_type", F.lit("insert"))
        rows = self._feed(self.after).where("_change_type <> 'update_preimage'")
        return rows.drop("_commit_version", "_commit_timestamp")

    def touched(self) -> DataFrame:
        """Like `changes`, but with the rows as they were before an update too: every group a change may affect."""
        if self.after is None:
            return self._all()
        return self._feed(self.after).drop("_change_type", "_commit_version", "_commit_timestamp")

    def are_few(self) -> bool:
        """True if the rows are so few that their keys may be sent to every task.

        To join them, Spark else moves the whole other side, as it cannot know beforehand that hardly any of it is met.
        """
        if self.after is None:
            return False
        since = delta_log.since(self.spark, self.address, self.after)
        rows = [commit.rows for commit in since.commits if commit.version <= self.until]
        is_known = len(rows) == self.until - self.after and None not in rows
        return is_known and sum(filter(None, rows)) <= FEW_ROWS

    def _all(self) -> DataFrame:
        return self.address.load(self.spark.read.option("versionAsOf", self.until))

    def _feed(self, after: int) -> DataFrame:
        reader = self.spark.read.option("readChangeFeed", "true")
        return self.address.load(reader.option("startingVersion", after + 1).option("endingVersion", self.until))

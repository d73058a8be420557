"""What is known of a Delta table: its rows by version, its changes, and what the commits in its log tell."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, reduce
from pathlib import Path

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from etl_customers.utils import delta_log
from etl_customers.utils.address import Address
from etl_customers.utils.change_feed import ChangeFeed
from etl_customers.utils.delta_log import LoggedCommit
from etl_customers.utils.progress import Commit, Progress, consumed, is_of_another

#: Of a table's files: from here on its rows do not go to meet few others, but those to them.
LARGE_BYTES = 64 * 2**20
#: So many newest commits are looked at for other writers.
_RECENT = 50


class VersionedTable:
    """One Delta table, in a directory or under a name, to read.

    Args:
        spark: the session.
        address: where it is.
        name: layer and table, for logs and progress, as in `silver.purchases`.
    """

    def __init__(self, spark: SparkSession, address: Address, name: str) -> None:
        self.spark = spark
        self.address = address
        self.name = name

    def exists(self) -> bool:
        """True if the table is there."""
        return bool(delta_log.commit_files(self.address.directory)) or self.address.exists(self.spark)

    def delta(self) -> DeltaTable:
        """The table for MERGE and history."""
        return self.address.delta(self.spark)

    def properties(self) -> dict[str, str]:
        """The table's properties; none if it is not there."""
        if not self.exists():
            return {}
        told = delta_log.properties(self.address)
        return dict(self._detail()["properties"]) if told is None else told

    @cached_property
    def is_large(self) -> bool:
        """True if to move all of it costs more than to look at it twice; as it was when this was asked first."""
        if _bytes_on_disk(self.address.directory) <= LARGE_BYTES:
            return False
        return (self._detail()["sizeInBytes"] or 0) > LARGE_BYTES

    def _detail(self) -> Row:
        """What Delta tells of the table as a whole: a query."""
        return self.delta().detail().select("id", "properties", "sizeInBytes").collect()[0]

    def read(self, version: int | None = None) -> DataFrame:
        """All rows, of the newest or of the given version."""
        reader = self.spark.read
        return self.address.load(reader if version is None else reader.option("versionAsOf", version))

    def newest(self) -> LoggedCommit:
        """The newest commit."""
        (commit,) = delta_log.commits(self.spark, self.address, 1)
        return commit

    def version(self) -> int:
        """The newest version."""
        return self.newest().version

    def changed_since(self, version: int | None) -> bool:
        """True unless the rows are sure to be those of that version: what maintenance commits is no change, nor is
        progress that is recorded alone.
        """
        if version is None:
            return True
        since = delta_log.since(self.spark, self.address, version)
        return not since.is_whole or any(commit.rows != 0 for commit in since.commits)

    def feed(self, after: int | None, until: int) -> ChangeFeed:
        """What versions `after` + 1 to `until` changed; everything if `after` is None."""
        return ChangeFeed(self.spark, self.address, after, until)

    @cached_property
    def id(self) -> str:
        """What Delta calls this very table, as it was when this was asked first: one made anew has another."""
        found: str = delta_log.table_id(self.address) or self._detail()["id"]
        return found

    def progress(self, source: str, definition: str = "", table: VersionedTable | None = None) -> Progress:
        """Where this table stands with regard to `source`: nowhere, if another `definition` made what it holds, or if
        it is known that it was made from another table than `table`, which is there now.
        """
        commits = delta_log.commits(self.spark, self.address)
        by_version = {commit.version: commit for commit in commits}
        newest = max(by_version)
        found = consumed(by_version, newest, source)
        if found and (found.definition != definition or (table and found.table not in (None, table.id))):
            found = None
        is_fresh = newest == 0 and by_version[0].is_creation
        return Progress(newest, found.version if found else None, is_fresh)

    def consumed_by(self, run_id: str, until: int, definition: str = "") -> Commit:
        """The commit of a target that holds all of this table up to that version."""
        return Commit(run_id, {self.name: until}, definition, tables={self.name: self.id})

    def written_by_others(self, after: int, run_id: str) -> bool:
        """True if another run than that one may have changed rows since version `after`."""
        since = delta_log.since(self.spark, self.address, after)
        return since.newest < after or any(is_of_another(commit, run_id) for commit in since.commits)

    def others_since(self, moment: float, run_id: str) -> bool:
        """Likewise, since a time in seconds since 1970."""
        recent = (c for c in delta_log.commits(self.spark, self.address, _RECENT) if c.at >= moment)
        return any(is_of_another(commit, run_id) for commit in recent)


def _bytes_on_disk(table: Path | None) -> float:
    """Of all versions' files of a table on a local disk; without bound if that cannot be told."""
    if table is None or not table.is_dir():
        return float("inf")
    try:
        return sum(file.stat().st_size for file in table.rglob("*.parquet"))
    except FileNotFoundError:  # VACUUM is at work
        return float("inf")


def figure_of_each(figures: Iterable[tuple[str, VersionedTable, Column]]) -> dict[str, int]:
    """Name -> an aggregate of a table's rows, 0 for NULL, by one query for all.

    `count(*)` reads no column; Delta takes it from its log while no row is marked as deleted (plans of Delta 4.4.0).
    """
    one_each = [
        table.read().agg(figure.alias("figure")).select(F.lit(name), F.coalesce("figure", F.lit(0)))
        for name, table, figure in figures
    ]
    return {row[0]: row[1] for row in reduce(DataFrame.unionAll, one_each).collect()} if one_each else {}

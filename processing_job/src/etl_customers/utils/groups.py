"""Tables that aggregate silver.purchases: only the groups that a change touches are computed again.

Recomputing whole groups, not adding differences, makes a step safe to repeat: the same input gives the same rows.
Where the changes cannot be told (another definition made the table, a source that was made anew, a change feed that
VACUUM has cut), the whole table is computed again and replaced in one commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from etl_customers.utils import job_log
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit, Progress

#: The conditions of a change feed whose files VACUUM, or whose commits the clean-up of the log, has removed.
_FEED_IS_CUT = (
    "FAILED_READ_FILE.FILE_NOT_EXIST",
    "DELTA_CHANGE_DATA_FILE_NOT_FOUND",
    "DELTA_VERSION_NOT_FOUND",
    "DELTA_UNSUPPORTED_TIME_TRAVEL_BEYOND_DELETED_FILE_RETENTION_DURATION",
)


@dataclass(frozen=True)
class GroupedTable:
    """A table with one row a group of the source's rows.

    Attributes:
        table: the target.
        keys: the group's columns, the same in source and target; a key may be NULL.
        aggregate: source rows of whole groups -> target rows.
        prepare: adds to source rows those keys that they do not have.
        rules: what decides the rows beside columns and code, as text; a table made by other rules is made anew.
    """

    table: LakeTable
    keys: tuple[str, ...]
    aggregate: Callable[[DataFrame], DataFrame]
    prepare: Callable[[DataFrame], DataFrame] = lambda frame: frame
    rules: str = ""

    @property
    def definition(self) -> str:
        """Fingerprint of columns, rules and release: what it takes for two computations to be comparable."""
        facts = (self.table.schema.json(), self.rules, version("etl-customers"))
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]

    def computed(self, source: DataFrame) -> DataFrame:
        """All rows, from nothing: what the table must hold for these source rows."""
        return self.aggregate(self.prepare(source)).select(*self.table.schema.fieldNames())

    def is_caught_up(self, source: LakeTable) -> bool:
        """True if the target holds all of the source's newest version, by its present definition."""
        return not source.changed_since(self.progress(source).consumed)

    def progress(self, source: LakeTable) -> Progress:
        """Where the target stands with regard to the source, by its present definition."""
        return self.table.progress(source.name, self.definition)

    def refresh(self, source: LakeTable, run_id: str) -> int:
        """Bring the target up to the source's newest version; returns how many rows were written or removed."""
        self.table.create()  # of other columns it is made anew, below
        until = source.version()
        progress = self.progress(source)
        if not source.changed_since(progress.consumed):
            return 0
        commit = Commit(run_id, {source.name: until}, self.definition)
        if progress.fresh:
            self.table.append_unheld(self.computed(source.read(until)), self.keys, commit)
            written = self.table.appended_rows()
        elif progress.consumed is None or progress.consumed > until:
            written = self._replace(source.read(until), commit, "progress_unknown")
        else:
            written = self._follow(source, progress.consumed, until, commit)
        job_log.info("groups_refreshed", table=self.table.name, rows=written, source=source.name, version=until)
        return written

    def _follow(self, source: LakeTable, after: int, until: int, commit: Commit) -> int:
        """Recompute what changed since `after`, or everything if the changes are not on record any more."""
        try:
            rows, feed = self.prepare(source.read(until)), source.feed(after, until)
            return self._merge(rows, self.prepare(feed.touched()), feed.are_few(), commit)
        except Exception as error:  # by the way Spark is called, its fault comes in one of several classes
            reason = next((condition for condition in _FEED_IS_CUT if condition in str(error)), None)
            if reason is None:
                raise
        return self._replace(source.read(until), commit, reason)

    def _replace(self, rows: DataFrame, commit: Commit, reason: str) -> int:
        job_log.info("table_made_anew", table=self.table.name, reason=reason)
        self.table.replace(self.computed(rows), commit)
        return self.table.appended_rows()

    def _merge(self, rows: DataFrame, touched: DataFrame, few: bool, commit: Commit) -> int:
        groups = touched.select(*self.keys).distinct()
        sought = F.broadcast(groups) if few else groups
        same = self._same_group("g", "r")
        fresh = self.aggregate(rows.alias("r").join(sought.alias("g"), F.expr(same), "left_semi"))
        fresh = fresh.withColumn("_present", F.lit(True))
        computed = groups.alias("g").join(fresh.alias("r"), F.expr(same), "left")
        names = self.table.schema.fieldNames()
        source = computed.select(
            *(F.col(f"{'g' if name in self.keys else 'r'}.{name}").alias(name) for name in names), "r._present"
        )
        values = {name: f"s.{name}" for name in names}
        differs = " OR ".join(f"NOT (t.{name} <=> s.{name})" for name in names if name not in self.keys)
        builder = (
            self.table.delta()
            .alias("t")
            .merge(source.alias("s"), self._same_group("t", "s"))
            .whenMatchedDelete("s._present IS NULL")
            .whenMatchedUpdate(differs, values)  # type: ignore[arg-type]
            .whenNotMatchedInsert("s._present", values)  # type: ignore[arg-type]
        )
        metrics = self.table.merge(builder, commit)
        counted = ("numTargetRowsInserted", "numTargetRowsUpdated", "numTargetRowsDeleted")
        return sum(metrics.get(name, 0) for name in counted)

    def _same_group(self, left: str, right: str) -> str:
        return " AND ".join(f"{left}.{key} <=> {right}.{key}" for key in self.keys)

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
from etl_customers.utils.apart import CHANGE, Change, Changes
from etl_customers.utils.change_feed import why_cut
from etl_customers.utils.day_ranges import DayRanges
from etl_customers.utils.keys import other_values, same_values
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit, Progress
from etl_customers.utils.staging import Staging

#: In the place of a definition: equal to none.
_NONE = "none"
#: True in a computed row.
_PRESENT = "_present"


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did.

    Attributes:
        rows: how many rows of the target were written or removed.
        months: of the source's column of days, where alone anything changed; None: anywhere.
    """

    rows: int = 0
    months: DayRanges | None = None


@dataclass(frozen=True)
class GroupedTable:
    """A table with one row a group of the source's rows.

    Attributes:
        table: the target.
        keys: the group's columns, the same in source and target; a key may be NULL.
        aggregate: source rows of whole groups -> target rows.
        prepare: adds to source rows those keys that they do not have.
        rules: what decides the rows beside columns and code, as text; a table made by other rules is made anew.
        staging: for a table with many groups: where the few that change are kept on their way.
        months_of: the source's column of days, if all rows of a group are of one month.
    """

    table: LakeTable
    keys: tuple[str, ...]
    aggregate: Callable[[DataFrame], DataFrame]
    prepare: Callable[[DataFrame], DataFrame] = lambda frame: frame
    rules: str = ""
    staging: Staging | None = None
    months_of: str | None = None

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
        return self.table.progress(source.name, self.definition, source)

    def refresh(self, source: LakeTable, run_id: str) -> Refreshed:
        """Bring the target up to the source's newest version."""
        self.table.create()  # of other columns it is made anew, below
        until = source.version()
        progress = self.progress(source)
        if not source.changed_since(progress.consumed):
            return Refreshed()
        commit = source.consumed_by(run_id, until, self.definition)
        if progress.fresh:
            done = Refreshed(self.table.append_unheld(self.computed(source.read(until)), self.keys, commit))
        elif progress.consumed is None or progress.consumed > until:
            done = self._replace(source.read(until), commit, "progress_unknown")
        else:
            done = self._follow(source, progress.consumed, until, commit)
        job_log.info("groups_refreshed", table=self.table.name, rows=done.rows, source=source.name, version=until)
        return done

    def distrust(self, source: LakeTable, run_id: str) -> None:
        """Record that no definition made the table: the next refresh makes it anew."""
        self.table.record(Commit(run_id, {source.name: source.version()}, _NONE))

    def _follow(self, source: LakeTable, after: int, until: int, commit: Commit) -> Refreshed:
        """Recompute what changed since `after`, or everything if the changes are not on record any more."""
        feed = source.feed(after, until)
        try:
            return self._take(source, self.prepare(feed.touched()), feed.are_few(), commit)
        except Exception as error:
            reason = why_cut(error)
            if reason is None:
                raise
        return self._replace(source.read(until), commit, reason)

    def _replace(self, rows: DataFrame, commit: Commit, reason: str) -> Refreshed:
        job_log.info("table_made_anew", table=self.table.name, reason=reason)
        return Refreshed(self.table.replace(self.computed(rows), commit))

    def _take(self, source: LakeTable, touched: DataFrame, few: bool, commit: Commit) -> Refreshed:
        """Compute the groups of the rows that changed anew."""
        rows = source.read(commit.consumed[source.name])
        sought, months = few and source.is_large, None
        if sought and self.months_of:
            months = DayRanges.of(touched, self.months_of).months()
            rows = rows.where(months.hold(F.col(self.months_of)))
        groups = touched.select(*self.keys).distinct()
        computed = self._computed_of(self.prepare(rows), groups, few)
        if sought and self.staging and self.table.is_large:
            return Refreshed(self._changes(self.staging, computed, groups, commit.run_id).write(self.table, commit))
        return Refreshed(self._merge(computed, commit), months)

    def _computed_of(self, rows: DataFrame, groups: DataFrame, few: bool) -> DataFrame:
        """One row for each of `groups`, with `_present`: NULL if none of `rows` is of it any more."""
        sought, same = F.broadcast(groups) if few else groups, same_values("g", "r", self.keys)
        fresh = self.aggregate(rows.alias("r").join(sought.alias("g"), same, "left_semi"))
        fresh = fresh.withColumn(_PRESENT, F.lit(True))
        found = groups.alias("g").join(fresh.alias("r"), same, "left")
        names = self.table.schema.fieldNames()
        values = [F.col(f"{'g' if name in self.keys else 'r'}.{name}").alias(name) for name in names]
        return found.select(*values, f"r.{_PRESENT}")

    def _changes(self, staging: Staging, computed: DataFrame, groups: DataFrame, run_id: str) -> Changes:
        """What each of few groups does to a large table."""
        same = same_values("t", "g", self.keys)
        held = self.table.read().alias("t").join(F.broadcast(groups).alias("g"), same, "left_semi").select(*self.keys)
        held = held.withColumn("_held", F.lit(True))
        is_held, is_present = F.col("h._held").isNotNull(), F.col(_PRESENT).isNotNull()
        what = F.when(is_held & is_present, Change.UPDATE.value).when(is_held, Change.DELETE.value)
        what = what.when(is_present, Change.INSERT.value)
        found = computed.alias("c").join(held.alias("h"), same_values("c", "h", self.keys), "left")
        rows = found.select(*(f"c.{name}" for name in self.table.schema.fieldNames()), what.alias(CHANGE))
        return Changes.counted(staging.kept(rows.where(F.col(CHANGE).isNotNull()), run_id), self.keys)

    def _merge(self, computed: DataFrame, commit: Commit) -> int:
        names = self.table.schema.fieldNames()
        values = {name: f"s.{name}" for name in names}
        differs = other_values("t", "s", (name for name in names if name not in self.keys))
        builder = (
            self.table.delta()
            .alias("t")
            .merge(computed.alias("s"), same_values("t", "s", self.keys))
            .whenMatchedDelete(f"s.{_PRESENT} IS NULL")
            .whenMatchedUpdate(differs, values)  # type: ignore[arg-type]
            .whenNotMatchedInsert(f"s.{_PRESENT}", values)  # type: ignore[arg-type]
        )
        metrics = self.table.merge(builder, commit)
        counted = ("numTargetRowsInserted", "numTargetRowsUpdated", "numTargetRowsDeleted")
        return sum(metrics.get(name, 0) for name in counted)

"""Tables that aggregate silver.purchases: only the groups that a change touches are computed again.

Recomputing whole groups, not adding differences, makes a step safe to repeat: the same input gives the same rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from etl_customers.utils import job_log
from etl_customers.utils.lake_table import Commit, LakeTable


@dataclass(frozen=True)
class GroupedTable:
    """A table with one row a group of the source's rows.

    Attributes:
        table: the target.
        keys: the group's columns, the same in source and target; a key may be NULL.
        aggregate: source rows of whole groups -> target rows.
        prepare: adds to source rows those keys that they do not have.
    """

    table: LakeTable
    keys: tuple[str, ...]
    aggregate: Callable[[DataFrame], DataFrame]
    prepare: Callable[[DataFrame], DataFrame] = lambda frame: frame

    def refresh(self, source: LakeTable, run_id: str) -> int:
        """Bring the target up to the source's newest version; returns how many rows were written or removed."""
        self.table.ensure()
        until = source.version()
        progress = self.table.progress(source.name)
        after = progress.consumed
        if after == until:
            return 0
        commit = Commit(run_id, {source.name: until})
        rows = self.prepare(source.read(until))
        if progress.fresh:
            self.table.append(self.aggregate(rows).select(*self.table.schema.fieldNames()), commit)
            written = self.table.appended_rows()
        else:
            written = self._merge(rows, self.prepare(source.touched(after, until)), commit)
        job_log.info("groups_refreshed", table=self.table.name, rows=written, source=source.name, version=until)
        return written

    def _merge(self, rows: DataFrame, touched: DataFrame, commit: Commit) -> int:
        groups = touched.select(*self.keys).distinct()
        same = self._same_group("g", "r")
        fresh = self.aggregate(rows.alias("r").join(groups.alias("g"), F.expr(same), "left_semi"))
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

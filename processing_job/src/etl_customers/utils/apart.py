"""Few changes to a large table, in two commits: what is new is appended, then a MERGE changes what the table holds.

One MERGE for both joins outer, for which Spark cannot send the few rows to the table: all columns of every file that
is touched go over a shuffle. A MERGE that only updates and deletes joins inner, and where the table has deletion
vectors writes no row but the changed ones. The second commit carries the progress: a run that ends between the two is
taken up by the next, which finds the new rows held and equal. (Seen with Delta 4.4.0;
docs/decisions/0027-few-changes-to-a-large-table.md)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from etl_customers.errors import WrittenMeanwhile
from etl_customers.utils.keys import same_values
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit

#: The column that says what a row does.
CHANGE = "_change"


class Change(StrEnum):
    """What a row does to the table."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True)
class Changes:
    """Few rows, each of them one change.

    Attributes:
        rows: the table's columns and `_change`; read several times, so it had better be a table.
        keys: the columns that tell rows apart; they may be NULL.
        inserts, changes: how many rows do what.
        since: of the table, where the rows lie that another run may have inserted meanwhile; None: anywhere.
        within: of the table, where the rows lie that are changed, as a condition on `t`; None: anywhere.
    """

    rows: DataFrame
    keys: tuple[str, ...]
    inserts: int
    changes: int
    since: Column | None = None
    within: Column | None = None

    @classmethod
    def counted(cls, rows: DataFrame, keys: tuple[str, ...], **where: Column | None) -> Changes:
        """Of rows that nobody has counted. `where`: `since` and `within`."""
        counts: dict[str, int] = {row[CHANGE]: row["count"] for row in rows.groupBy(CHANGE).count().collect()}
        inserts = counts.pop(Change.INSERT, 0)
        return cls(rows, keys, inserts, sum(counts.values()), **where)

    def write(self, table: LakeTable, commit: Commit) -> int:
        """Bring them into the table; returns how many rows were inserted, changed and deleted.

        A row is changed even if it is the same already: to look, all three passes of MERGE would read all columns of
        the table, where two need no more than the keys.

        Raises:
            WrittenMeanwhile: another run inserted some of the rows; the progress is as it was.
        """
        if self.inserts:
            self._insert(table, Commit(commit.run_id, {}) if self.changes else commit)
        if self.changes:
            return self.inserts + self._change(table, commit)
        if not self.inserts:
            table.record(commit)
        return self.inserts

    def _insert(self, table: LakeTable, commit: Commit) -> None:
        new = self.rows.where(F.col(CHANGE) == Change.INSERT).select(*table.schema.fieldNames())
        if table.append_unheld(new, self.keys, commit, among=self.since, few=True) != self.inserts:
            raise WrittenMeanwhile(f"another run inserted rows into {table.name} while this one worked")

    def _change(self, table: LakeTable, commit: Commit) -> int:
        names = table.schema.fieldNames()
        same = same_values("t", "s", self.keys)
        source = F.broadcast(self.rows.where(F.col(CHANGE) != Change.INSERT))
        builder = (
            table.delta()
            .alias("t")
            .merge(source.alias("s"), same if self.within is None else same & self.within)
            .whenMatchedDelete(f"s.{CHANGE} = '{Change.DELETE}'")
            .whenMatchedUpdate(set={name: f"s.{name}" for name in names})
        )
        metrics = table.merge(builder, commit)
        return metrics.get("numTargetRowsUpdated", 0) + metrics.get("numTargetRowsDeleted", 0)

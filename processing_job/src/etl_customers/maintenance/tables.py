"""Which tables are kept up, how each is read (which decides its clustering), and who follows its change feed.

Clustering is declared with each table (`LakeTable.cluster_by`) and applied here. Liquid clustering, not ZORDER: in
delta-spark 4.4.0 `OPTIMIZE` of a clustered table takes only what is new and makes no commit if nothing is (tried),
whereas ZORDER rewrites every file each time. A clustered table can be neither partitioned nor ZORDERed.

- bronze.customers and silver.quarantine not at all: their files lie in the order of arrival, batch by batch, which is
  how people look into them, and to write all of bronze anew would be the dearest part of maintenance.
- silver.purchases by day of purchase: what is read is some months, and updates concern recent purchases, so that they
  are in few files. Not by store too: of two columns, a file of a table this size has half of the days. Not by
  `purchase_key`, a hash: a batch's keys lie in every file anyway.
- silver.customers and gold.customer_360 by `cpf_token`: one person is looked up. Never by CPF or e-mail.
- gold by store and month and ops.run_metrics: some thousand rows, one file; compaction is enough.
- Staging tables are overwritten by each run: only their old files are removed.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql.types import StructType

from etl_customers.job import Job
from etl_customers.utils import delta_log
from etl_customers.utils.lake_table import LakeTable


@dataclass(frozen=True)
class Pending:
    """A follower has yet to take changes, the oldest of which was committed at `since` (seconds since 1970)."""

    follower: str
    since: float


@dataclass(frozen=True)
class KeptTable:
    """A table, and the tables that are made from its change feed, each with the definition that it goes by.

    `rewritten`: each run overwrites it whole, so that its files need no upkeep.
    """

    table: LakeTable
    followers: tuple[tuple[LakeTable, str], ...] = ()
    rewritten: bool = False

    def pending(self) -> Pending | None:
        """The oldest change that a follower still has to take from the feed, or None.

        A follower without a usable progress reads the table whole, and one whose next change is no longer in the log
        is made anew in any case: neither needs the feed.
        """
        found = [pending for follower in self.followers if (pending := self._pending(*follower))]
        return min(found, key=lambda pending: pending.since, default=None)

    def _pending(self, follower: LakeTable, definition: str) -> Pending | None:
        if not follower.exists():
            return None
        consumed = follower.progress(self.table.name, definition, self.table).consumed
        if consumed is None or not self.table.changed_since(consumed):
            return None
        since = delta_log.since(self.table.spark, self.table.address, consumed)
        return Pending(follower.name, since.commits[-1].at) if since.is_whole else None


def kept_tables(job: Job) -> list[KeptTable]:
    """Every table of the lake, also those that no user reads."""
    followers: dict[str, tuple[tuple[LakeTable, str], ...]] = {
        job.bronze.name: ((job.purchases, ""),),
        job.purchases.name: tuple((target.table, target.definition) for target in job.grouped),
    }
    kept = [KeptTable(table, followers.get(table.name, ())) for table in job.tables()]
    stagings = [job.staging, *(target.staging for target in job.grouped if target.staging)]
    staged = [LakeTable(job.spark, staging.address, staging.name, StructType([]), ()) for staging in stagings]
    return [*kept, KeptTable(job.metrics.table), *(KeptTable(table, rewritten=True) for table in staged)]

"""A Delta table of the lake: created with its properties, written with the run's progress.

Progress rides in the commit: each write carries `userMetadata` = {"run_id", "consumed": {source table: version}}. So a
lost checkpoint, a retry or a RESTORE cannot skip or double a row; the reader of the progress follows RESTOREs back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from customer_contract import Column as ContractColumn
from delta.tables import DeltaMergeBuilder
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from etl_customers.utils import delta_log, schema_change
from etl_customers.utils.address import Address
from etl_customers.utils.conflicts import CONFLICTS
from etl_customers.utils.keys import same_values
from etl_customers.utils.progress import Commit
from etl_customers.utils.schema_change import Mark, SchemaChange
from etl_customers.utils.versioned_table import VersionedTable

_METADATA_CONF = "spark.databricks.delta.commitInfo.userMetadata"
_PROGRESS_APP = "etl-customers-progress"
#: How long another run may take to commit the table that both are creating.
_PATIENCE_SECONDS = 10
#: In force on every table, as properties of the table, so that they hold for whoever writes (decision 11).
AUTO_OPTIMIZE = {"delta.autoOptimize.optimizeWrite": "true", "delta.autoOptimize.autoCompact": "true"}
#: Databricks would by default let some writes pass beside each other that read what the other adds (WriteSerializable).
_ISOLATION = {"delta.isolationLevel": "Serializable"}
_DELETION_VECTORS = "delta.enableDeletionVectors"


class LakeTable(VersionedTable):
    """One Delta table, in a directory or under a name, to keep and to write.

    Args:
        spark: the session.
        address: where it is.
        name: layer and table, for logs and progress, as in `silver.purchases`.
        schema: columns, with comments.
        stats_columns: columns whose minimum and maximum may stand in Delta's log. Personal data must not: VACUUM does
            not touch the log.
        cluster_by: clustering columns, at most four, all of them among `stats_columns`. Applied by maintenance, not at
            creation: `replace` drops them anyway (seen with Delta 4.4.0), and auto compaction would rewrite the first
            file of each new table for them.
        columns: the contract's columns that its rows show: a contract that changes their meaning is refused.
        marks: what its rows were made with, where another must be refused; each kept once it is set.
        deletion_vectors: once the table is large, changed and deleted rows are marked, and their files not written
            anew for them. A small one stays readable for those who do not know such marks, among them `deltalake`'s
            `to_pyarrow_table`. Never in a catalog: of tables that have them Databricks compares writes row by row, and
            two runs could both insert a purchase.
    """

    def __init__(
        self,
        spark: SparkSession,
        address: Address,
        name: str,
        schema: StructType,
        stats_columns: tuple[str, ...],
        cluster_by: tuple[str, ...] = (),
        columns: tuple[ContractColumn, ...] = (),
        marks: tuple[Mark, ...] = (),
        deletion_vectors: bool = False,
    ) -> None:
        super().__init__(spark, address, name)
        self.schema = schema
        self._stats_columns = stats_columns
        self.cluster_by = cluster_by
        self._columns = columns
        self._marks = marks
        self._may_mark = deletion_vectors and not address.is_name
        self._mark_properties = {name: text for mark in marks for name, text in mark.properties.items()}

    @property
    def kept_properties(self) -> dict[str, str]:
        """Those that the table should have whoever made it. Asked by maintenance, of a table that is there."""
        kept = AUTO_OPTIMIZE | _ISOLATION
        if not self._may_mark:
            return kept | {_DELETION_VECTORS: "false"}
        return kept | {_DELETION_VECTORS: "true"} if self.is_large else kept

    def ensure(self) -> LakeTable:
        """Create the table, or add the columns that it lacks. Raises ContractBreaksTable."""
        if not self.exists():
            return self.create()
        for statement in self.check().statements(self.address.sql):
            self.spark.sql(statement)
        return self

    def create(self) -> LakeTable:
        """Create the table if it is not there, and leave it as it is otherwise."""
        if not self.exists():
            try:
                self.address.create(self.spark, self.schema, self._properties())
            except (AnalysisException, *CONFLICTS):  # another run may be creating it at this moment
                if not self._appears():
                    raise
        return self

    def _appears(self) -> bool:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self.exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        return self.exists()

    def check(self) -> SchemaChange:
        """How the table must change to have its schema; nothing if it is not there.

        Raises ContractBreaksTable, and what its marks raise.
        """
        if not self.exists():
            return SchemaChange()
        kept = self.properties() if self._columns else {}
        found = schema_change.compare(self.read().schema, self.schema, kept, self._columns).unless_broken(self.name)
        for mark in self._marks:
            mark.check(kept)
        unmarked = {name: text for name, text in self._mark_properties.items() if name not in kept}
        return replace(found, properties={**found.properties, **unmarked})

    def append(self, frame: DataFrame, commit: Commit, bulk: bool = False) -> None:
        """Add rows in one commit that carries the progress.

        `bulk`: so many that each task fills a file, and to gather them first (optimizeWrite) would only cost.
        """
        writer = frame.write.mode("append").option("userMetadata", commit.to_json())
        self.address.save(writer.option("optimizeWrite", "false") if bulk else writer)

    def append_unheld(
        self,
        frame: DataFrame,
        keys: tuple[str, ...],
        commit: Commit,
        bulk: bool = False,
        few: bool = False,
        among: Column | None = None,
    ) -> int:
        """Like `append`, but only those rows whose `keys` the table does not hold yet; returns how many these were.

        It reads the table, so Delta refuses the commit if another run added rows meanwhile; two bare appends both pass.

        `few`: the keys may be sent to every task. `among`: where the table can hold them at all; None: anywhere.
        """
        held = self.read() if among is None else self.read().where(among)
        held = held.select(*keys)
        if few:
            sought = F.broadcast(frame.select(*keys).distinct())
            held = held.alias("h").join(sought.alias("s"), same_values("h", "s", keys), "left_semi")
        same, before = same_values("n", "h", keys), self.version()
        self.append(frame.alias("n").join(held.alias("h"), same, "left_anti"), commit, bulk)
        return self._added(commit, before)

    def replace(self, frame: DataFrame, commit: Commit) -> int:
        """Put `frame` in the place of all rows, and its columns in the place of the table's, in one commit; returns its
        number of rows.
        """
        before = self.version()
        # The properties too: under a name this is CREATE OR REPLACE, and the log must never hold personal statistics.
        writer = frame.write.mode("overwrite").option("overwriteSchema", "true").options(**self._properties())
        self.address.save(writer.option("userMetadata", commit.to_json()))
        return self._added(commit, before)

    def _added(self, commit: Commit, after: int) -> int:
        """How many rows that commit added after that version, by Delta's own count; none if it was not made, for none.

        It need not be the newest: auto compaction may have committed after it, or another run.
        """
        since, told = delta_log.since(self.spark, self.address, after), commit.to_json()
        own = (c for c in since.commits if c.changes_rows and c.metadata == told)
        return sum(int(c.metrics.get("numOutputRows", 0)) for c in own)

    def merge(self, builder: DeltaMergeBuilder, commit: Commit) -> dict[str, int]:
        """Run a MERGE in one commit that carries the progress; returns Delta's own operation metrics."""
        before = self.version()
        with self._metadata(commit):
            builder.execute()
        last = delta_log.newest_change(self.spark, self.address)  # auto compaction may have committed after the MERGE
        if last is None or last.version <= before:  # a MERGE that changes nothing makes no commit
            self.record(commit)
            return {}
        return {key: int(value) for key, value in last.metrics.items() if value.isdigit()}

    def record(self, commit: Commit) -> None:
        """Commit progress alone. Delta skips empty commits unless they carry a transaction id."""
        # A version that is not higher than the last is skipped in silence, hence the clock.
        options = {"txnAppId": _PROGRESS_APP, "txnVersion": str(time.time_ns()), "userMetadata": commit.to_json()}
        writer = self.spark.createDataFrame([], self.read().schema).write.mode("append")
        for key, value in options.items():
            writer = writer.option(key, value)
        self.address.save(writer)

    @contextmanager
    def _metadata(self, commit: Commit) -> Iterator[None]:
        self.spark.conf.set(_METADATA_CONF, commit.to_json())
        try:
            yield
        finally:
            self.spark.conf.unset(_METADATA_CONF)

    def _properties(self) -> dict[str, str]:
        """Those that it is made with."""
        return {
            "delta.enableChangeDataFeed": "true",
            **AUTO_OPTIMIZE,
            **_ISOLATION,
            _DELETION_VECTORS: "false",
            **schema_change.promises(self._columns),
            **self._mark_properties,
            "delta.dataSkippingStatsColumns": ",".join(self._stats_columns),
        }

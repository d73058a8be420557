"""Raw to bronze: every row of every published batch, once, as it came."""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from customer_contract import Contract
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery
from pyspark.sql.types import StructType
from pyspark.sql.utils import is_remote

from etl_customers.errors import ReconciliationFailed
from etl_customers.modules.bronze.raw_batches import RawBatch, published_batches
from etl_customers.modules.bronze.raw_parts import RawParts, waiting_parts
from etl_customers.modules.bronze.raw_reader import RawReader
from etl_customers.modules.bronze.stream_faults import Fault, told, worst
from etl_customers.modules.bronze.table import BATCH_ID_PATTERN, NAME
from etl_customers.privacy.token_key import KeyedHash, TokenKey
from etl_customers.utils import job_log
from etl_customers.utils.address import Address
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit

ROW_PURPOSE = "row:v1"
#: Of raw; what one task of the local session reads at most (config/session.py).
_BULK_BYTES = 256 * 2**20
#: Not a field of what Spark pickles; see `BronzeAppend`.
_APPENDING = Lock()


_FILE = "_file"


def _file_in_raw() -> Column:
    """The raw file without the place where raw lies: a lake that was moved is no new one."""
    return F.substring_index("_source_file", "/", -4).alias(_FILE)


@dataclass(frozen=True)
class BronzeAppend:
    """Appends a micro-batch to bronze, without the raw files that bronze has already.

    In standard access mode Spark pickles it and calls it in another process, so it holds neither session nor lock.
    """

    contract: Contract
    address: Address
    schema: StructType
    key: TokenKey
    run_id: str
    source: str
    bulk: bool

    def __call__(self, frame: DataFrame, epoch: int) -> None:
        """Called by foreachBatch."""
        # The append reads the table too, so that Delta refuses it if another job added files meanwhile; the sources
        # of this job must not get into each other's way.
        with _APPENDING:
            self._append_new(frame)

    def _append_new(self, frame: DataFrame) -> None:
        table = LakeTable(frame.sparkSession, self.address, NAME, self.schema, ())
        frame = frame.withColumn("_batch_id", F.regexp_replace("_source_file", BATCH_ID_PATTERN, "$1/$2"))
        # All files of the source, rather than those of the batches that arrived: to ask the frame for these is to read
        # and parse raw a second time, which costs more than two columns of bronze.
        known = table.read().where(F.col("_source") == self.source).select("_source_file").distinct()
        known = known.select(_file_in_raw())
        fresh = frame.withColumn(_FILE, _file_in_raw()).join(known, _FILE, "left_anti")
        table.append(self._with_metadata(fresh), Commit(self.run_id, {}), self.bulk)

    def _with_metadata(self, frame: DataFrame) -> DataFrame:
        content = F.to_json(F.struct(*self.contract.column_names, "_rescued_data"))
        keyed_hash = KeyedHash(frame.sparkSession, self.key, (ROW_PURPOSE,))
        keyed = frame.withColumn("_row_hash", keyed_hash(content, ROW_PURPOSE))
        keyed = keyed.withColumn("_ingested_at", F.current_timestamp()).withColumn("_run_id", F.lit(self.run_id))
        return keyed.select(*self.schema.fieldNames())


@dataclass(frozen=True)
class BronzeLoad:
    """The bronze task.

    Progress is the reader's checkpoint, but not on its word alone: a file that bronze already holds is not appended
    again, so a lost checkpoint costs a second reading and nothing else; and what bronze lacks although the checkpoint
    has seen it is read again.
    """

    spark: SparkSession
    contract: Contract
    reader: RawReader
    table: LakeTable
    key: TokenKey
    raw_path: str
    checkpoint_path: str
    run_id: str

    def run(self) -> list[RawBatch]:
        """Load what is new; returns the published batches that bronze must now hold.

        Raises:
            SourceFailed: at least one source could not be read; the others have landed.
            StreamFailed: likewise, but for a reason that names no raw file.
            StorageFailed: no room for bronze or the checkpoint, or no right; the other sources have landed.
            WrittenMeanwhile: another run got ahead of this one.
            ReconciliationFailed: a batch in bronze has fewer or more rows than its manifest says.
        """
        self.table.ensure()
        batches = published_batches(Path(self.raw_path), self.contract)
        newest = self.table.newest()
        before = newest.version
        present = Counter() if newest.is_creation else _rows_by_batch(self.table.read(before))
        waiting = waiting_parts(batches, present, self.contract)
        if not waiting:
            self._check(batches, present, [])
            return batches
        failed = self._load_all(waiting)
        loaded = present + self._added(before)
        lacking = waiting_parts((b for b in batches if b.source not in failed), loaded, self.contract, named=True)
        if lacking:
            failed |= self._load_again(lacking)
            loaded = present + self._added(before)
        self._check(batches, loaded, list(failed))
        if failed:
            raise worst(failed)
        return batches

    def _load_all(self, waiting: list[RawParts]) -> dict[str, set[Fault]]:
        """Load them side by side; returns how those sources failed that did, by their names."""
        if is_remote():  # no lock holds between the processes that append, so one after another
            ends = [(parts.source.name, _fault_of(parts, self._started(parts))) for parts in waiting]
        else:
            queries = [(parts, self._started(parts)) for parts in waiting]
            ends = [(parts.source.name, _fault_of(parts, query)) for parts, query in queries]
        failed: dict[str, set[Fault]] = {}
        for name, fault in ends:
            if fault is not None:
                failed.setdefault(name, set()).add(fault)
        return failed

    def _load_again(self, lacking: list[RawParts]) -> dict[str, set[Fault]]:
        """Like `_load_all`, on checkpoints that have seen nothing: those of before know the files of rows that bronze
        has no more, since it was restored or made anew.
        """
        job_log.info("bronze_lacks_seen_batches", streams=[parts.name for parts in lacking])
        once = f"{self.checkpoint_path}/_once-{uuid.uuid4().hex}"
        try:
            return replace(self, checkpoint_path=once)._load_all(lacking)
        finally:  # nobody else knows it; what a kill leaves of it is some small files
            shutil.rmtree(once, ignore_errors=True)

    def _started(self, parts: RawParts) -> StreamingQuery | Fault:
        try:
            return self._start(parts)
        except Exception as error:  # whatever it is, the streams that have started go on and are waited for
            return told(parts, error)

    def _start(self, parts: RawParts) -> StreamingQuery:
        job_log.info("bronze_source_started", source=parts.source.name, stream=parts.name)
        stream = self.reader.stream(parts).withColumn("_source", F.lit(parts.source.name))
        made_of = (self.contract, self.table.address, self.table.schema, self.key)
        append = BronzeAppend(*made_of, self.run_id, parts.source.name, bulk=parts.size >= _BULK_BYTES)
        writer = stream.writeStream.foreachBatch(append).trigger(availableNow=True)
        return writer.option("checkpointLocation", f"{self.checkpoint_path}/{parts.name}").start()

    def _added(self, after: int) -> Counter[str]:
        """What commits after that version added, by whichever run: the rows before them are not counted again."""
        until = self.table.version()
        return _rows_by_batch(self.table.feed(after, until).changes()) if until > after else Counter()

    @staticmethod
    def _check(batches: list[RawBatch], loaded: Counter[str], failed: list[str]) -> None:
        wrong = [b for b in batches if b.source not in failed and loaded[b.batch_id] != b.rows]
        for batch in wrong:
            bronze = loaded[batch.batch_id]
            job_log.error("batch_incomplete", batch_id=batch.batch_id, raw=batch.rows, bronze=bronze)
        if wrong:
            raise ReconciliationFailed(f"{len(wrong)} batches have not as many rows in bronze as in raw")


def _rows_by_batch(rows: DataFrame) -> Counter[str]:
    return Counter({row["_batch_id"]: row["count"] for row in rows.groupBy("_batch_id").count().collect()})


def _fault_of(parts: RawParts, query: StreamingQuery | Fault) -> Fault | None:
    """Wait for the query; None if it came to its end."""
    if isinstance(query, Fault):
        return query
    try:
        query.awaitTermination()
    except Exception as error:  # Py4J's own class, for what Spark has none
        return told(parts, error)
    job_log.info("bronze_source_done", source=parts.source.name, stream=parts.name)
    return None

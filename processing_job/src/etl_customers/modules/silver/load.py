"""Bronze to silver: what is new in bronze becomes purchases, quarantine and golden customers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from customer_contract import Contract
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from etl_customers.errors import WrittenMeanwhile
from etl_customers.modules.silver.classify import classify
from etl_customers.modules.silver.counts import SilverCounts, count_outcomes
from etl_customers.modules.silver.purchases import write_purchases
from etl_customers.modules.silver.quarantine import resolve_conflicts, write_quarantine
from etl_customers.modules.silver.stage import stage
from etl_customers.privacy.token_key import TokenKey
from etl_customers.utils import delta_log, job_log
from etl_customers.utils.address import Address
from etl_customers.utils.groups import GroupedTable
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit, Progress

#: Of silver.purchases, in bytes: from here on it does not go to meet few rows, but their keys to it.
_LARGE = 64 * 2**20
#: Among so many newest commits of the staging table is this run's own.
_NEAR = 20


@dataclass(frozen=True)
class SilverLoad:
    """The silver task. Order matters: quarantine can be written twice, purchases carry the progress and come last."""

    spark: SparkSession
    contract: Contract
    key: TokenKey
    bronze: LakeTable
    purchases: LakeTable
    quarantine: LakeTable
    customers: GroupedTable
    stage_address: Address
    run_id: str

    def run(self) -> SilverCounts:
        """Process what is new.

        Raises:
            ReconciliationFailed: the outcomes do not add up to the rows read, or Delta wrote another number.
            WrittenMeanwhile: another run wrote to silver at the same time.
        """
        self.purchases.ensure()
        self.quarantine.ensure()
        until = self.bronze.version()
        progress = self.purchases.progress(self.bronze.name)
        is_new = self.bronze.changed_since(progress.consumed)
        counts = self._take(progress, until) if is_new else SilverCounts.none()
        self.customers.refresh(self.purchases, self.run_id)
        return counts

    def _take(self, progress: Progress, until: int) -> SilverCounts:
        feed = self.bronze.feed(progress.consumed, until)
        arrived = feed.changes().where("_change_type = 'insert'")
        staged = self._staged(arrived, feed.are_few())
        counts = count_outcomes(staged, self.contract)
        counts.check_against(arrived)
        counts.bronze_versions = (0 if progress.consumed is None else progress.consumed + 1, until)
        job_log.info("silver_classified", **counts.totals())
        commit = Commit(self.run_id, {self.bronze.name: until})
        drives_out = counts.replaced_conflicts > 0
        if counts.total("quarantined") or drives_out:
            write_quarantine(self.quarantine, staged, self.purchases, drives_out, commit)
        if counts.total("written") and not progress.fresh:
            resolve_conflicts(self.quarantine, staged, commit)
        self._check_alone(progress)
        # The figures ride along, so that a crash before they reach the table of metrics cannot lose them.
        counted = replace(commit, figures={name: asdict(source) for name, source in counts.sources.items()})
        write_purchases(self.purchases, staged, counts.total("written"), progress.fresh, counted)
        self._check_alone(progress)
        return counts

    def _check_alone(self, progress: Progress) -> None:
        """What was classified holds only for the rows that silver held then.

        Asked before the commit; and after, as another run may have committed in between. It is then whichever came
        last that tells how far bronze was taken, and the next run takes the rest again.
        """
        if self.purchases.written_by_others(progress.version, self.run_id):
            raise WrittenMeanwhile("another run changed silver.purchases while this one worked")

    def _staged(self, arrived: DataFrame, few: bool) -> DataFrame:
        """The staged rows with their fates, written: computed once, however often they are read below."""
        staged, held = stage(arrived, self.spark, self.contract, self.key), self.purchases.read()
        if few and self.purchases.bytes_at_check > _LARGE:
            staged = self._written(staged)
            keys = staged.select("purchase_key").distinct()
            held = held.join(F.broadcast(keys), "purchase_key", "left_semi")
        return self._written(classify(staged, held))

    def _written(self, frame: DataFrame) -> DataFrame:
        """The same rows, read from the staging table. It holds masked values only."""
        written = Commit(self.run_id, {}).to_json()
        writer = frame.write.mode("overwrite").option("overwriteSchema", "true").option("userMetadata", written)
        self.stage_address.save(writer.option("delta.dataSkippingNumIndexedCols", "0"))
        # by its version: another run may have put its own rows in their place by now
        newest = delta_log.commits(self.spark, self.stage_address, _NEAR)
        version = next(commit.version for commit in newest if commit.metadata == written)
        return self.stage_address.load(self.spark.read.option("versionAsOf", version))

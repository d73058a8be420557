"""Bronze to silver: what is new in bronze becomes purchases, quarantine and golden customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from customer_contract import Contract
from pyspark.sql import DataFrame, SparkSession

from etl_customers.errors import WrittenMeanwhile
from etl_customers.modules.silver.counts import SilverCounts, count_newer, count_outcomes
from etl_customers.modules.silver.meeting import meet
from etl_customers.modules.silver.quarantine import resolve_conflicts, write_quarantine
from etl_customers.modules.silver.stage import stage
from etl_customers.modules.silver.winners import write_purchases
from etl_customers.privacy.token_key import TokenKey
from etl_customers.utils import job_log
from etl_customers.utils.change_feed import why_cut
from etl_customers.utils.groups import GroupedTable
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Progress
from etl_customers.utils.staging import Staging


@dataclass(frozen=True)
class SilverLoad:
    """The silver task. Order matters: quarantine can be written twice, purchases carry the progress and come last.

    `arrivals`: source -> when the newest row arrived whose figures are on record, in seconds since 1970.
    """

    spark: SparkSession
    contract: Contract
    key: TokenKey
    bronze: LakeTable
    purchases: LakeTable
    quarantine: LakeTable
    customers: GroupedTable
    staging: Staging
    run_id: str
    arrivals: Callable[[], Mapping[str, float]] = dict

    def run(self) -> SilverCounts:
        """Process what is new.

        Raises:
            ReconciliationFailed: the outcomes do not add up to the rows read, or Delta wrote another number.
            WrittenMeanwhile: another run wrote to silver at the same time.
        """
        self.purchases.ensure()
        self.quarantine.ensure()
        until = self.bronze.version()
        progress = self.purchases.progress(self.bronze.name, table=self.bronze)
        if progress.consumed is not None and progress.consumed > until:
            progress = replace(progress, consumed=None)
        is_new = self.bronze.changed_since(progress.consumed)
        counts = self._take_all(progress, until) if is_new else SilverCounts.none()
        self.customers.refresh(self.purchases, self.run_id)
        return counts

    def _take_all(self, progress: Progress, until: int) -> SilverCounts:
        """What is new; or everything, if what is new is not on record any more: to take a row twice changes nothing."""
        try:
            return self._take(progress, until)
        except Exception as error:
            reason = why_cut(error)
            if reason is None or progress.consumed is None:
                raise
        job_log.info("bronze_read_anew", reason=reason)
        return self._take(replace(progress, consumed=None), until)

    def _take(self, progress: Progress, until: int) -> SilverCounts:
        feed = self.bronze.feed(progress.consumed, until)
        arrived = feed.changes().where("_change_type = 'insert'")
        rows, few = stage(arrived, self.spark, self.contract, self.key), feed.are_few() and self.purchases.is_large
        met = meet(rows, self.purchases, self.staging, self.run_id, few)
        staged = met.rows
        counts = count_outcomes(staged, self.contract)
        counts.check_against(arrived)
        counts.bronze_versions = (0 if progress.consumed is None else progress.consumed + 1, until)
        job_log.info("silver_classified", **counts.totals())
        commit = self.bronze.consumed_by(self.run_id, until)
        drives_out = counts.replaced_conflicts > 0
        if counts.total("quarantined") or drives_out:
            write_quarantine(self.quarantine, staged, self.purchases, drives_out, commit)
        if counts.total("written") and not progress.fresh:
            resolve_conflicts(self.quarantine, staged, commit)
        self._check_alone(progress)
        # The figures ride along, so that a crash before they reach the table of metrics cannot lose them.
        figures = self._new_figures(staged, counts) if progress.consumed is None else counts
        counted = replace(commit, figures={name: asdict(source) for name, source in figures.sources.items()})
        write_purchases(self.purchases, met, counts.total("written"), progress.fresh, counted)
        self._check_alone(progress)
        return counts

    def _new_figures(self, staged: DataFrame, counts: SilverCounts) -> SilverCounts:
        """Where bronze was read from its beginning: rows that were judged once are not held against a source again."""
        arrivals = self.arrivals()
        return count_newer(staged, self.contract, arrivals) if arrivals else counts

    def _check_alone(self, progress: Progress) -> None:
        """What was classified holds only for the rows that silver held then.

        Asked before the commit; and after, as another run may have committed in between. It is then whichever came
        last that tells how far bronze was taken, and the next run takes the rest again.
        """
        if self.purchases.written_by_others(progress.version, self.run_id):
            raise WrittenMeanwhile("another run changed silver.purchases while this one worked")

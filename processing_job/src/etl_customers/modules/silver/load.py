"""Bronze to silver: what is new in bronze becomes purchases, quarantine and golden customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from customer_contract import Contract
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from etl_customers.errors import WrittenMeanwhile
from etl_customers.modules.silver.classify import Outcome
from etl_customers.modules.silver.counts import SilverCounts, count_newer, count_outcomes
from etl_customers.modules.silver.meeting import meet
from etl_customers.modules.silver.quarantine import release_accepted, resolve_conflicts, write_quarantine
from etl_customers.modules.silver.stage import stage
from etl_customers.modules.silver.winners import write_purchases
from etl_customers.privacy.token_key import TokenKey
from etl_customers.utils import job_log
from etl_customers.utils.change_feed import why_cut
from etl_customers.utils.delta_log import LoggedCommit
from etl_customers.utils.groups import GroupedTable
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit, Progress
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
    arrivals: Callable[[], Mapping[str, float]]

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
        if self.bronze.changed_since(progress.consumed):
            counts = self._take_all(progress, until)
        else:
            counts = SilverCounts.none()
            self._settle(progress)
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
        self._check_alone(progress)
        settled = self._write_quarantine(staged, counts, progress, commit)
        self._check_alone(progress)
        # The figures ride along, so that a crash before they reach the table of metrics cannot lose them.
        figures = self._new_figures(staged, counts) if progress.consumed is None else counts
        counted = replace(settled, figures={name: asdict(source) for name, source in figures.sources.items()})
        write_purchases(self.purchases, met, counts, counted)
        self._check_alone(progress)
        return counts

    def _new_figures(self, staged: DataFrame, counts: SilverCounts) -> SilverCounts:
        """Where bronze was read from its beginning: rows that were judged once are not held against a source again."""
        arrivals = self.arrivals()
        return count_newer(staged, self.contract, arrivals) if arrivals else counts

    def _write_quarantine(self, staged: DataFrame, counts: SilverCounts, progress: Progress, commit: Commit) -> Commit:
        """What this run rejects goes in, conflicts that are settled leave; returns the commit for silver.purchases."""
        before = self.quarantine.newest()
        left = self._has_left_rows(before)
        if left:  # before this run's own: silver still holds what it drives out
            resolve_conflicts(self.quarantine, self.purchases.read(progress.version), commit)
        if left or (progress.consumed is None and not before.is_creation):
            release_accepted(self.quarantine, staged, commit)
        drives_out = counts.replaced_conflicts > 0
        if counts.total("quarantined") or drives_out:
            held = self.purchases.read(progress.version) if drives_out else None
            write_quarantine(self.quarantine, staged, held, commit)
        if counts.total("written") and not before.is_creation:
            winners = staged.where(F.col("_outcome") == Outcome.WRITTEN.value)
            resolve_conflicts(self.quarantine, winners, commit)
        return self._settled(commit, before.version)

    def _settle(self, progress: Progress) -> None:
        """Nothing is new, but a run may have left conflicts."""
        commit, before = Commit(self.run_id, {}), self.quarantine.newest()
        if self._has_left_rows(before):
            resolve_conflicts(self.quarantine, self.purchases.read(progress.version), commit)
            self.purchases.record(self._settled(commit, before.version))

    def _has_left_rows(self, newest: LoggedCommit) -> bool:
        """True if quarantine may hold rows of a run that was killed, or overtaken, before it wrote to silver, or silver
        was restored: what settles a conflict may be there already, what was rejected may be judged again. To look for
        that through all of silver is for such cases only.
        """
        if newest.is_creation:
            return False
        settled = self.purchases.progress(self.quarantine.name, table=self.quarantine)
        return self.quarantine.changed_since(settled.consumed)

    def _settled(self, commit: Commit, before: int) -> Commit:
        """The same commit, which tells up to which version conflicts of quarantine are settled, if that is known."""
        settled = self.quarantine.consumed_by(self.run_id, self.quarantine.version())
        if self.quarantine.written_by_others(before, self.run_id):
            return commit
        return replace(commit, consumed=commit.consumed | settled.consumed, tables=commit.tables | settled.tables)

    def _check_alone(self, progress: Progress) -> None:
        """What was classified holds only for the rows that silver held then.

        Asked before anything is written; and after, as another run may have committed in between. It is then whichever
        came last that tells how far bronze was taken, and the next run takes the rest again.
        """
        if self.purchases.written_by_others(progress.version, self.run_id):
            raise WrittenMeanwhile("another run changed silver.purchases while this one worked")

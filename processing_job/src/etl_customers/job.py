"""The job's parts put together, and one run of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from customer_contract import Contract
from pyspark.sql import SparkSession

from etl_customers.config.contract import read_contract
from etl_customers.config.session import get_session
from etl_customers.config.settings import JobSettings, RawReaderKind
from etl_customers.errors import ConfigurationInvalid, GoldDiffers, ReconciliationFailed, SourceFailed, WrittenMeanwhile
from etl_customers.modules.bronze.auto_loader import AutoLoaderReader
from etl_customers.modules.bronze.file_stream import FileStreamReader
from etl_customers.modules.bronze.load import BronzeLoad
from etl_customers.modules.bronze.raw_batches import RawBatch, has_raw, published_batches
from etl_customers.modules.bronze.raw_reader import RawReader
from etl_customers.modules.bronze.table import bronze_table
from etl_customers.modules.gold.customer_360 import customer_360
from etl_customers.modules.gold.load import GoldLoad
from etl_customers.modules.gold.store_months import customers_per_store, store_monthly_metrics
from etl_customers.modules.silver.counts import SilverCounts
from etl_customers.modules.silver.customers import customers
from etl_customers.modules.silver.load import SilverLoad
from etl_customers.modules.silver.purchases import purchases_table
from etl_customers.modules.silver.quarantine import quarantine_table
from etl_customers.privacy.key_mark import KeyMark
from etl_customers.privacy.key_source import key_source
from etl_customers.privacy.token_key import TokenKey, read_token_key
from etl_customers.quality.gate import QualityGate, Verdict
from etl_customers.quality.run_metrics import RunMetricsTable
from etl_customers.utils import job_log
from etl_customers.utils.delta_log import rows_added
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.staging import Staging


class Layer(StrEnum):
    """What one invocation does; on Databricks each layer is a task of the job."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    ALL = "all"


@dataclass
class RunResult:
    """What a run did."""

    batches: list[RawBatch] = field(default_factory=list)
    counts: SilverCounts = field(default_factory=SilverCounts.none)
    gold_rows: int = 0
    quality: Verdict = field(default_factory=Verdict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """True if all layers were run."""
        return self.seconds.keys() >= {Layer.BRONZE, Layer.SILVER, Layer.GOLD}


class Job:
    """The job `etl-customers` over one lake."""

    def __init__(self, settings: JobSettings, run_id: str, accept_quality: str | None = None) -> None:
        self.settings = settings
        self.run_id = run_id
        self.accept_quality = accept_quality
        self.contract: Contract = read_contract(settings)
        self.key: TokenKey = read_token_key(key_source(settings), settings.token_key_id)
        self.spark: SparkSession = get_session(settings, self._rows)
        silver, gold = settings.silver, settings.gold
        self.staging = Staging(self.spark, silver.table("_stage"), "silver._stage")
        self.metrics = RunMetricsTable(self.spark, settings.ops)
        self.bronze = bronze_table(self.spark, settings.bronze, self.contract)
        self.purchases = purchases_table(self.spark, silver, self.contract, KeyMark(self.key))
        self.quarantine = quarantine_table(self.spark, silver, self.contract)
        self.customers = customers(self.spark, silver, self.contract)
        self.monthly = store_monthly_metrics(self.spark, gold, self.contract)
        self.per_store = customers_per_store(self.spark, gold)
        self.customer_360 = customer_360(self.spark, gold, self.contract)
        #: Every table that is made from purchases.
        self.grouped = (self.customers, self.monthly, self.per_store, self.customer_360)

    def run(self, layer: Layer) -> RunResult:
        """Run one layer, or all in their order; a breach of quality keeps gold as it was. Raises JobError."""
        started = time.time()
        try:
            return self._run(layer)
        except (ReconciliationFailed, SourceFailed) as error:
            if self._written_by_others(started):
                raise WrittenMeanwhile("another run wrote at the same time") from error
            if isinstance(error, GoldDiffers):
                self._gold_load().distrust(error.table)
            raise

    def _written_by_others(self, since: float) -> bool:
        """True if another run changed a table that this one checks itself against. `since`: seconds since 1970."""
        checked = (self.bronze, self.purchases, *(target.table for target in self.grouped))
        return any(table.exists() and table.others_since(since, self.run_id) for table in checked)

    def _run(self, layer: Layer) -> RunResult:
        self._check_source(layer)
        result = RunResult()
        gate = self._quality_gate()
        gate.check_acceptance()
        for table in (self.bronze, self.purchases, self.quarantine):
            table.check()  # before anything is written, whatever the layer
        if layer in (Layer.BRONZE, Layer.ALL):
            with _timed("bronze", result):
                result.batches = self._bronze_load().run()
        if layer in (Layer.SILVER, Layer.ALL):
            with _timed("silver", result):
                result.counts = self._silver_load().run()
        if layer is not Layer.BRONZE:
            with _timed("quality", result):
                result.quality = gate.judge(every_run=layer is not Layer.GOLD)
        if layer in (Layer.GOLD, Layer.ALL) and result.quality.fault() is None:
            with _timed("gold", result):
                result.gold_rows = self._gold_load().run()
        return result

    def _check_source(self, layer: Layer) -> None:
        """Before a layer alone would make empty tables, maybe in a wrong place."""
        source = {Layer.SILVER: self.bronze, Layer.GOLD: self.purchases}.get(layer)
        if source and not source.exists():
            of = source.name.partition(".")[0]
            told = f"correct ETL_{of.upper()}_PATH or ETL_{of.upper()}_SCHEMA, or run the layer {of} first"
            raise ConfigurationInvalid(f"there is no {source.name} where the settings say: {told}")

    def tables(self) -> list[LakeTable]:
        """Every table that users read, in the order of the layers."""
        gold = [grouped.table for grouped in (self.monthly, self.per_store, self.customer_360)]
        return [self.bronze, self.purchases, self.customers.table, self.quarantine, *gold]

    def is_caught_up(self) -> bool:
        """True if every table holds all of the newest version of the table that it is made from."""
        if self.bronze.changed_since(self.purchases.progress(self.bronze.name, table=self.bronze).consumed):
            return False
        return all(target.is_caught_up(self.purchases) for target in self.grouped)

    def _rows(self) -> int:
        """Of raw; or of bronze, from which raw may have been cleared."""
        raw = Path(self.settings.raw_path)
        batches = published_batches(raw, self.contract) if has_raw(raw) else []
        return max(sum(batch.rows for batch in batches), rows_added(self.settings.bronze.table(self.contract.name)))

    def _reader(self) -> RawReader:
        raw, files = self.settings.raw_path, self.settings.max_files_per_trigger
        if self.settings.raw_reader is RawReaderKind.AUTO_LOADER:
            schemas = f"{self.settings.checkpoints}/_schemas"
            return AutoLoaderReader(self.spark, raw, self.contract, files, schemas)
        return FileStreamReader(self.spark, raw, self.contract, files)

    def _bronze_load(self) -> BronzeLoad:
        return BronzeLoad(
            self.spark,
            self.contract,
            self._reader(),
            self.bronze,
            self.key,
            self.settings.raw_path,
            self.settings.checkpoints,
            self.run_id,
        )

    def _silver_load(self) -> SilverLoad:
        return SilverLoad(
            self.spark,
            self.contract,
            self.key,
            self.bronze,
            self.purchases,
            self.quarantine,
            self.customers,
            self.staging,
            self.run_id,
            lambda: self.metrics.history().arrivals(),
        )

    def _quality_gate(self) -> QualityGate:
        return QualityGate(self.contract, self.metrics, self.purchases, self.run_id, self.accept_quality)

    def _gold_load(self) -> GoldLoad:
        gold = (self.monthly, self.per_store, self.customer_360)
        return GoldLoad(self.purchases, self.customers, *gold, self.run_id)


@contextmanager
def _timed(layer: str, result: RunResult) -> Iterator[None]:
    job_log.info("layer_started", layer=layer)
    started = time.monotonic()
    yield
    result.seconds[layer] = round(time.monotonic() - started, 2)
    job_log.info("layer_done", layer=layer, seconds=result.seconds[layer])

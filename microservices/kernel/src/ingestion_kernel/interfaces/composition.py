"""Puts a service together: settings and a source in, something that runs ingestions out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from customer_contract import load_contract

from ingestion_kernel.application.helpers.batch_writer import PartLimits
from ingestion_kernel.application.services.ingest import IngestionService, IngestionSetup
from ingestion_kernel.application.services.run_manager import RunManager
from ingestion_kernel.domain.ports.raw_lake import RawLake
from ingestion_kernel.domain.ports.source import Source
from ingestion_kernel.infrastructure.config.settings import KernelSettings
from ingestion_kernel.infrastructure.storage.local import LocalRawLake
from ingestion_kernel.infrastructure.storage.location import LocalLocation, parse_raw_url
from ingestion_kernel.infrastructure.telemetry.export import Export, export_of
from ingestion_kernel.infrastructure.telemetry.log import CompositeTelemetry, LogTelemetry
from ingestion_kernel.infrastructure.telemetry.prometheus import PrometheusTelemetry
from ingestion_kernel.infrastructure.telemetry.system_clock import SystemClock


@dataclass(frozen=True)
class ServiceInfo:
    """What a service is called: `name` is its command, `title` and `description` head its OpenAPI document."""

    name: str
    version: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts of a running service that its shells use."""

    source: Source
    lake: RawLake
    metrics: PrometheusTelemetry
    manager: RunManager
    export: Export

    def checks(self) -> dict[str, Callable[[], None]]:
        """What the service depends on, by name; each raises an IngestionError if it cannot be used."""
        return {"source": self.source.check, "lake": self.lake.check}


def build_runtime(info: ServiceInfo, settings: KernelSettings, source: Source) -> Runtime:
    """The service of `source`. Raises ConfigurationInvalid; connects to nothing yet."""
    contract = load_contract()
    lake = open_lake(settings, contract.name)
    clock = SystemClock()
    metrics = PrometheusTelemetry(source.name, info.version)
    setup = IngestionSetup(
        entity=contract.name,
        contract_version=contract.version,
        tool_version=f"{info.name} {info.version}",
        limits=PartLimits(rows=settings.part_max_rows, size=settings.part_max_bytes),
        staging_max_age_seconds=settings.staging_max_age_seconds,
    )
    export = export_of(info.name, info.version, settings, metrics.registry)
    telemetry = CompositeTelemetry([metrics, LogTelemetry()])
    service = IngestionService(source, lake, clock, telemetry, setup, export.tracer)
    return Runtime(source, lake, metrics, RunManager(source, service, clock), export)


def open_lake(settings: KernelSettings, entity: str) -> RawLake:
    """The raw lake that RAW_URL names. Raises ConfigurationInvalid; connects to nothing yet."""
    location = parse_raw_url(settings.raw_url)
    if isinstance(location, LocalLocation):
        return LocalRawLake(location.root, entity)
    # imported late: the Azure SDK takes a second to load, and a local run has no use for it
    from ingestion_kernel.infrastructure.storage.adls import AdlsRawLake
    from ingestion_kernel.infrastructure.storage.adls_calls import connect

    return AdlsRawLake(connect(location, settings.adls_account_key), location.prefix, entity)

"""Opens the export by OpenTelemetry if the settings ask for one, and costs nothing if they do not."""

from __future__ import annotations

from typing import Protocol

from prometheus_client import CollectorRegistry

from ingestion_kernel.domain.ports.tracer import NoTracer, Tracer
from ingestion_kernel.infrastructure.config.settings import KernelSettings


class Export(Protocol):
    """What leaves the process beside log lines and /metrics."""

    @property
    def tracer(self) -> Tracer:
        """Opens the spans that are exported."""

    def close(self) -> None:
        """Send what is left and stop."""


class NoExport:
    """An `Export` to nowhere."""

    tracer = NoTracer()

    def close(self) -> None:
        """See `Export`."""


def export_of(service: str, version: str, settings: KernelSettings, registry: CollectorRegistry) -> Export:
    """The export that the settings ask for. Raises ConfigurationInvalid."""
    if not settings.otel_exporter_otlp_endpoint and not settings.applicationinsights_connection_string:
        return NoExport()
    from ingestion_kernel.infrastructure.telemetry.exporters import open_export

    return open_export(service, version, settings, registry)

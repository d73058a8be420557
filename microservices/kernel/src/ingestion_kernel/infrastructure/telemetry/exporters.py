"""Where OpenTelemetry's spans and metrics go. Imported only where an exporter is configured."""

from __future__ import annotations

import os

from opentelemetry.sdk.metrics.export import MetricExporter, MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from prometheus_client import CollectorRegistry

from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.infrastructure.config.settings import KernelSettings
from ingestion_kernel.infrastructure.telemetry.open_telemetry import OpenTelemetryExport

#: Seconds that one call of an OTLP exporter may take, retries included: a collector that is down must not hold the end.
_TIMEOUT = 5


def open_export(
    service: str, version: str, settings: KernelSettings, registry: CollectorRegistry
) -> OpenTelemetryExport:
    """The export to each place that is configured.

    Raises:
        ConfigurationInvalid: APPLICATIONINSIGHTS_CONNECTION_STRING has the wrong form.
    """
    places = []
    if settings.otel_exporter_otlp_endpoint:
        places.append(_otlp(settings.otel_exporter_otlp_endpoint))
    if settings.applicationinsights_connection_string:
        places.append(_azure_monitor(settings.applicationinsights_connection_string.get_secret_value()))
    processors = [BatchSpanProcessor(spans) for spans, _ in places]
    readers: list[MetricReader] = [PeriodicExportingMetricReader(metrics) for _, metrics in places]
    resource = Resource.create({"service.name": service, "service.version": version})
    return OpenTelemetryExport(resource, processors, readers, registry)


def _otlp(endpoint: str) -> tuple[SpanExporter, MetricExporter]:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    # the rest, such as OTEL_EXPORTER_OTLP_HEADERS and _CERTIFICATE, the exporters read themselves
    return (
        OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=_TIMEOUT),
        OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics", timeout=_TIMEOUT),
    )


def _azure_monitor(connection_string: str) -> tuple[SpanExporter, MetricExporter]:
    # read at import and construction; else the exporter would call places of its vendor's that no firewall rule knows
    os.environ.setdefault("APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL", "true")
    from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter, AzureMonitorTraceExporter

    options = {"connection_string": connection_string, "disable_offline_storage": True}
    try:
        return AzureMonitorTraceExporter(**options), AzureMonitorMetricExporter(**options)
    except ValueError:  # its text quotes the string
        raise ConfigurationInvalid(
            "APPLICATIONINSIGHTS_CONNECTION_STRING has the wrong form",
            advice="Copy it from the Application Insights resource: InstrumentationKey=...;IngestionEndpoint=...",
        ) from None

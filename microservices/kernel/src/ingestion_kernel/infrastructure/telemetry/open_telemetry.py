"""Traces and metrics by OpenTelemetry. Imported only where an exporter is configured: the SDK costs start-up time."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import structlog
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import Status, StatusCode, format_span_id, format_trace_id
from prometheus_client import CollectorRegistry

from ingestion_kernel.domain.exceptions import IngestionError
from ingestion_kernel.domain.ports.tracer import Step

_SCOPE = "ingestion_kernel"
_OURS = "ingestion_"

#: How long the last sending may take when a process ends.
CLOSE_SECONDS = 3

_log = structlog.stdlib.get_logger("telemetry")


class OpenTelemetryTracer:
    """`Tracer` by OpenTelemetry. The ids of the open span are bound to the log lines of its thread.

    An exception sets a span's status to its code or type; its text, which may quote a row, is not recorded.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer(_SCOPE)

    @contextmanager
    def span(self, step: Step) -> Iterator[OpenTelemetrySpan]:
        """See `Tracer`."""
        with self._tracer.start_as_current_span(
            step.value, record_exception=False, set_status_on_exception=False
        ) as span:
            context = span.get_span_context()
            ids = {"trace_id": format_trace_id(context.trace_id), "span_id": format_span_id(context.span_id)}
            with structlog.contextvars.bound_contextvars(**ids):
                opened = OpenTelemetrySpan(span)
                try:
                    yield opened
                except BaseException as error:
                    opened.note(error_code=error.code if isinstance(error, IngestionError) else type(error).__name__)
                    raise


class OpenTelemetrySpan:
    """See `Span`."""

    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    def note(self, **facts: str | int | None) -> None:
        """See `Span`. `error_code` makes the step a failed one."""
        known = {f"ingestion.{name}": fact for name, fact in facts.items() if fact is not None}
        self._span.set_attributes(known)
        if facts.get("error_code"):
            self._span.set_status(Status(StatusCode.ERROR, str(facts["error_code"])))


class OpenTelemetryExport:
    """The two providers of a process, kept out of OpenTelemetry's global state.

    Args:
        resource: service.name and service.version.
        processors: of spans, one for each place they go to.
        readers: of metrics, likewise.
        registry: Prometheus' numbers, which are exported as they are, so that nothing is counted twice.
    """

    def __init__(
        self,
        resource: Resource,
        processors: Iterable[SpanProcessor],
        readers: Iterable[MetricReader],
        registry: CollectorRegistry,
    ) -> None:
        self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
        for processor in processors:
            self._traces.add_span_processor(processor)
        self._metrics = MeterProvider(metric_readers=list(readers), resource=resource, shutdown_on_exit=False)
        self._registry = registry
        self._observe_all()
        self.tracer = OpenTelemetryTracer(self._traces)

    def close(self) -> None:
        """Send what is left and stop; given up after a few seconds, and silent then: telemetry is no cargo."""
        # a daemon, as the exporters' own bounds add up, and some wait for a collector that is down without any
        closing = threading.Thread(target=self._close, name="telemetry-close", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)

    def _close(self) -> None:
        try:
            self._traces.force_flush()
            self._metrics.force_flush()
            self._traces.shutdown()
            self._metrics.shutdown()
        except Exception as error:
            _log.warning("telemetry_failed", member="OpenTelemetryExport", telemetry_event="close", exc_info=error)

    def _observe_all(self) -> None:
        meter = self._metrics.get_meter(_SCOPE)
        for family in self._registry.collect():
            if not family.name.startswith(_OURS):
                continue  # of the process and the platform: each collector of OpenTelemetry has its own
            match family.type:
                case "counter":
                    meter.create_observable_counter(
                        family.name, [self._reader(f"{family.name}_total")], description=family.documentation
                    )
                case "histogram":
                    for part in ("sum", "count"):
                        name = f"{family.name}_{part}"
                        meter.create_observable_counter(name, [self._reader(name)], description=family.documentation)
                case "gauge":
                    meter.create_observable_gauge(
                        family.name, [self._reader(family.name)], description=family.documentation
                    )

    def _reader(self, sample_name: str) -> _Reader:
        return _Reader(self._registry, sample_name)


class _Reader:
    def __init__(self, registry: CollectorRegistry, sample_name: str) -> None:
        self._registry = registry
        self._name = sample_name

    def __call__(self, options: CallbackOptions) -> Iterable[Observation]:
        for family in self._registry.restricted_registry([self._name]).collect():
            for sample in family.samples:
                if sample.name == self._name and not math.isnan(sample.value):
                    yield Observation(sample.value, sample.labels)

"""Traces and metrics by OpenTelemetry: in memory, and from a real process to a collector on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog
from collector import collecting
from kernel_fakes import FakeBatch, FakeSource, MemoryLake, TickingClock, numbered
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from service_process import command, environment, log_lines, poll, serving

from ingestion_kernel.application.helpers.batch_writer import PartLimits
from ingestion_kernel.application.services.ingest import IngestionService, IngestionSetup, new_run
from ingestion_kernel.domain.batch import BatchKey, Mode
from ingestion_kernel.domain.exceptions import SourceUnavailable
from ingestion_kernel.domain.run import Run
from ingestion_kernel.infrastructure.telemetry.open_telemetry import OpenTelemetryExport
from ingestion_kernel.infrastructure.telemetry.prometheus import PrometheusTelemetry

ROW = "52998224725"


class Bench:
    """A run of two batches, told to memory."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.spans = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.logged: list[dict[str, Any]] = []
        metrics = PrometheusTelemetry("fake", "1")
        resource = Resource.create({"service.name": "toy"})
        export = OpenTelemetryExport(resource, [SimpleSpanProcessor(self.spans)], [self.reader], metrics.registry)
        second = FakeBatch([ROW.encode() + b"\n"], fault=fault, before=self._log)
        source = FakeSource(lambda mode, watermark: [numbered(1, 3), second])
        setup = IngestionSetup("customers", "1", "test 1", PartLimits(), 3600)
        clock = TickingClock()
        service = IngestionService(source, MemoryLake(), clock, metrics, setup, export.tracer)
        self.run: Run = new_run("run-1", "fake", Mode.FULL, clock)
        service.execute(self.run)
        self._log()

    def _log(self) -> None:
        self.logged.append(structlog.contextvars.get_contextvars())

    def tree(self) -> list[tuple[str, str | None]]:
        """Names of all spans in the order of their start, each with its parent's."""
        spans = sorted(self.spans.get_finished_spans(), key=lambda span: span.start_time or 0)
        names = {span.context.span_id: span.name for span in spans if span.context}
        return [(span.name, names[span.parent.span_id] if span.parent else None) for span in spans]

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans.get_finished_spans() if span.name == name]


def test_a_run_is_a_tree_of_spans() -> None:
    bench = Bench()
    batch = [
        ("ingestion.batch", "ingestion.run"),
        ("ingestion.read", "ingestion.batch"),
        ("ingestion.publish", "ingestion.batch"),
    ]
    assert bench.tree() == [("ingestion.run", None), *batch, *batch]
    (run,) = bench.named("ingestion.run")
    assert run.attributes == {
        "ingestion.source": "fake",
        "ingestion.run_id": "run-1",
        "ingestion.mode": "full",
        "ingestion.status": "succeeded",
        "ingestion.batches": 2,
        "ingestion.rows_written": 4,
        "ingestion.rows_rejected": 0,
        "ingestion.retries": 0,
    }
    first, _ = bench.named("ingestion.batch")
    assert first.attributes and first.attributes["ingestion.batch_id"] == BatchKey.sequence(1).text
    assert first.attributes["ingestion.rows_written"] == 3 and first.resource.attributes["service.name"] == "toy"


def test_log_lines_carry_the_ids_of_the_open_span_and_none_afterwards() -> None:
    bench = Bench()
    read = bench.named("ingestion.read")[1].context
    assert read
    within, afterwards = bench.logged
    assert (int(within["trace_id"], 16), int(within["span_id"], 16)) == (read.trace_id, read.span_id)
    assert afterwards == {}


@pytest.mark.parametrize(
    ("fault", "code", "in_read"),
    [
        (SourceUnavailable("gone"), "SOURCE_UNAVAILABLE", "SOURCE_UNAVAILABLE"),
        (ValueError(f"Key (cpf)=({ROW}) already exists"), "INGESTION_FAILED", "ValueError"),
    ],
)
def test_a_failed_step_tells_its_code_and_no_text(fault: Exception, code: str, in_read: str) -> None:
    bench = Bench(fault)
    failed = {span.name: span for span in bench.spans.get_finished_spans() if not span.status.is_unset}
    assert {name: span.status.description for name, span in failed.items()} == {
        "ingestion.read": in_read,
        "ingestion.batch": in_read,
        "ingestion.run": code,
    }
    everything = "".join(span.to_json() for span in bench.spans.get_finished_spans())
    assert ROW not in everything and not any(span.events for span in failed.values())


def test_the_metrics_are_those_of_prometheus() -> None:
    data = Bench().reader.get_metrics_data()
    assert data
    points = {
        metric.name: [(dict(point.attributes or {}), getattr(point, "value")) for point in metric.data.data_points]
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    source = {"source": "fake"}
    assert points["ingestion_rows_written"] == [(source, 4.0)]
    assert points["ingestion_batches_published"] == [(source, 2.0)]
    assert ({**source, "status": "succeeded"}, 1.0) in points["ingestion_runs"]
    assert points["ingestion_run_duration_seconds_count"] == [(source, 1.0)]
    assert points["ingestion_last_success_timestamp_seconds"][0][1] > 0
    assert "ingestion_watermark_lag_seconds" not in points, "NaN is no number to be sent"


def connection_string(url: str) -> str:
    key = "00000000-0000-0000-0000-0000planted0"
    return f"InstrumentationKey=12345678-1234-1234-1234-123456789abc;IngestionEndpoint={url}/;LiveEndpoint={url}/{key}"


NAMES = {"ingestion.run", "ingestion.batch", "ingestion.read", "ingestion.publish"}


def test_a_process_exports_to_both_places_and_no_value_of_a_row(tmp_path: Path) -> None:
    settings: dict[str, object] = {"raw_url": tmp_path / "raw", "toy_text": ROW}
    with collecting() as collector:
        done = command(
            "ingest",
            **settings,
            otel_exporter_otlp_endpoint=collector.url,
            applicationinsights_connection_string=connection_string(collector.url),
        )
    assert done.returncode == 0, done.stderr
    spans = collector.spans()
    assert {span.name for span in spans} == NAMES
    lines = {line["event"]: line for line in log_lines(done.stderr)}
    (run,) = [span for span in spans if span.name == "ingestion.run"]
    assert (
        lines["run_started"]["trace_id"] == run.trace_id.hex() and lines["run_started"]["span_id"] == run.span_id.hex()
    )
    assert {"ingestion_rows_written", "ingestion_runs", "ingestion_watermark_lag_seconds"} <= collector.metrics()
    kinds = {envelope["data"]["baseType"] for envelope in collector.envelopes()}
    assert kinds == {"RemoteDependencyData", "MetricData"}
    assert {
        item["data"]["baseData"]["name"] for item in collector.envelopes() if "name" in item["data"]["baseData"]
    } == NAMES
    part = next((tmp_path / "raw").rglob("part-*")).read_text()
    assert ROW in part and ROW.encode() not in collector.everything() and ROW not in done.stderr


def test_a_service_that_is_stopped_sends_what_is_left(tmp_path: Path) -> None:
    with (
        collecting() as collector,
        serving(tmp_path, raw_url=tmp_path / "raw", otel_exporter_otlp_endpoint=collector.url) as service,
    ):
        location = service.client.post("/v1/ingestions").headers["location"]
        poll(service, location, lambda run: run["status"] == "succeeded")
        assert service.stop() == 0
        assert {span.name for span in collector.spans()} == NAMES


def test_collectors_that_are_down_hold_nothing_up_and_the_run_counts(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:1"
    done = command(
        "ingest",
        raw_url=tmp_path / "raw",
        otel_exporter_otlp_endpoint=nowhere,
        applicationinsights_connection_string=connection_string(nowhere),
    )  # the helper's own bound of 60 s would fail this
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "succeeded")
    assert "planted" not in done.stderr and "12345678-1234" not in done.stderr
    log_lines(done.stderr)


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("otel_exporter_otlp_endpoint", "planted-value", "must be an http or https address"),
        ("otel_exporter_otlp_endpoint", "http://u:planted-value@h", "must hold no credentials"),
        ("applicationinsights_connection_string", "InstrumentationKey=planted-value", "has the wrong form"),
    ],
)
def test_a_wrong_place_is_told_without_its_value(tmp_path: Path, setting: str, value: str, says: str) -> None:
    done = command("ingest", raw_url=tmp_path / "raw", **{setting: value})
    assert done.returncode == 78 and says in done.stderr
    assert "planted-value" not in done.stderr


def test_nothing_of_it_is_imported_unless_it_is_configured(tmp_path: Path) -> None:
    toy = Path(__file__).with_name("toy_service.py")
    script = f"""
import runpy, sys
sys.argv = ["toy", "ingest"]
sys.path.insert(0, {str(toy.parent)!r})
try:
    runpy.run_path({str(toy)!r}, run_name="__main__")
except SystemExit as end:
    assert end.code == 0, end.code
print(sorted({{name.split(".")[0] for name in sys.modules}} & {{"opentelemetry", "azure", "fastapi", "uvicorn"}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(raw_url=tmp_path / "raw"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr

"""What is logged and counted, and what never is."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from lake_helpers import manifest_of

from ingestion_kernel.domain.batch import BatchKey, Mode
from ingestion_kernel.domain.exceptions import IngestionError, LakeUnavailable
from ingestion_kernel.domain.run import Run, RunError, RunStatus
from ingestion_kernel.infrastructure.logging.setup import configure_logging
from ingestion_kernel.infrastructure.telemetry.log import CompositeTelemetry, LogTelemetry
from ingestion_kernel.infrastructure.telemetry.prometheus import PrometheusTelemetry

ROW = "Key (cpf)=(52998224725) already exists"


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Standard error, after the process's logging was set up."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, threading.excepthook)
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    configure_logging("test-service", "INFO")
    yield stderr
    root.handlers[:], threading.excepthook = before[0], before[2]
    root.setLevel(before[1])
    structlog.reset_defaults()


def lines(logs: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logs.getvalue().splitlines()]


def fail(run: Run, error: Exception) -> Exception:
    try:
        try:
            raise ValueError(ROW)
        except ValueError as cause:
            raise error from cause
    except Exception as raised:
        run.status, run.error = RunStatus.FAILED, RunError("CODE", "what happened", "what to do")
        return raised


def a_run() -> Run:
    now = datetime(2025, 1, 1, tzinfo=UTC)
    return Run("run-1", "csv", Mode.FULL, now, started_at=now, finished_at=now + timedelta(seconds=7))


@pytest.mark.parametrize("error", [RuntimeError(ROW), LakeUnavailable("cannot write")])
def test_a_failure_is_logged_with_its_causes_by_type_and_place(logs: io.StringIO, error: Exception) -> None:
    run = a_run()
    LogTelemetry().run_started(run)
    LogTelemetry().run_ended(run, fail(run, error))
    text = logs.getvalue()
    assert ROW not in text and "52998224725" not in text
    failed = json.loads(text.splitlines()[-1])
    assert (failed["event"], failed["code"], failed["error"], failed["advice"]) == (
        "run_failed",
        "CODE",
        "what happened",
        "what to do",
    )
    assert failed["exception"][-1]["type"] == "builtins.ValueError"
    assert failed["exception"][-1]["at"][-1].endswith(" fail")
    assert (failed["run_id"], failed["source"], failed["service"]) == ("run-1", "csv", "test-service")


def test_a_librarys_exception_and_a_dying_thread_show_no_message(logs: io.StringIO) -> None:
    def die() -> None:
        raise ValueError(ROW)

    try:
        die()
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    logged = lines(logs)
    assert [line["event"] for line in logged] == ["Exception in ASGI application", "thread_died"]
    assert "52998224725" not in str(logged)


def test_the_run_is_bound_to_the_lines_of_its_thread_until_it_ends(logs: io.StringIO) -> None:
    run = a_run()
    LogTelemetry().run_started(run)
    logging.getLogger("some.driver").warning("meanwhile")
    LogTelemetry().batch_published(run, manifest_of(BatchKey.sequence(1)))
    run.status = RunStatus.SUCCEEDED
    LogTelemetry().run_ended(run, None)
    logging.getLogger("some.driver").warning("afterwards")
    logged = {line["event"]: line for line in lines(logs)}
    assert logged["meanwhile"]["run_id"] == "run-1"
    assert logged["batch_published"]["batch_id"] == BatchKey.sequence(1).text
    assert "run_id" not in logged["afterwards"]


def test_libraries_that_log_urls_are_quiet(logs: io.StringIO) -> None:
    logging.getLogger("httpx").info("GET https://partner.example/?api_key=planted")
    logging.getLogger("azure.core.pipeline").info("Request headers: planted")
    assert lines(logs) == []


def test_metrics_of_a_run() -> None:
    metrics = PrometheusTelemetry("csv", "1.2.3")
    run = a_run()
    metrics.run_started(run)
    assert value(metrics, 'ingestion_run_in_progress{source="csv"}') == 1
    metrics.batch_published(run, manifest_of(BatchKey.sequence(1), rows=2))
    metrics.batch_skipped(run, "k")
    metrics.conflict(run, "k")
    run.status, run.inputs_rejected = RunStatus.SUCCEEDED, 4
    metrics.run_ended(run, None)
    failed = a_run()
    metrics.run_started(failed)
    metrics.run_ended(failed, fail(failed, IngestionError("x")))
    for series, expected in {
        'ingestion_rows_written_total{source="csv"}': 2,
        'ingestion_bytes_written_total{source="csv"}': 8,
        'ingestion_rows_rejected_total{source="csv"}': 1,
        'ingestion_inputs_rejected_total{source="csv"}': 4,
        'ingestion_batches_published_total{source="csv"}': 1,
        'ingestion_batches_duplicate_total{source="csv"}': 1,
        'ingestion_conflicts_total{source="csv"}': 1,
        'ingestion_runs_total{source="csv",status="succeeded"}': 1,
        'ingestion_runs_total{source="csv",status="failed"}': 1,
        'ingestion_errors_total{code="CODE",source="csv"}': 1,
        'ingestion_run_duration_seconds_sum{source="csv"}': 14,
        'ingestion_run_in_progress{source="csv"}': 0,
        'ingestion_last_success_timestamp_seconds{source="csv"}': datetime(2025, 1, 1, tzinfo=UTC).timestamp() + 7,
        'ingestion_build_info{source="csv",version="1.2.3"}': 1,
    }.items():
        assert value(metrics, series) == expected, series


def test_two_services_in_one_process_do_not_mix() -> None:
    first, second = PrometheusTelemetry("csv", "1"), PrometheusTelemetry("csv", "1")
    first.batch_skipped(a_run(), "k")
    assert value(second, 'ingestion_batches_duplicate_total{source="csv"}') == 0


def test_a_broken_telemetry_stops_neither_the_run_nor_the_others(logs: io.StringIO) -> None:
    class Broken(LogTelemetry):
        def run_started(self, run: Run) -> None:
            raise ValueError(ROW)

    CompositeTelemetry([Broken(), LogTelemetry()]).run_started(a_run())
    structlog.contextvars.clear_contextvars()
    logged = lines(logs)
    assert [line["event"] for line in logged] == ["telemetry_failed", "run_started"]
    assert "52998224725" not in str(logged)


def value(metrics: PrometheusTelemetry, series: str) -> float:
    (found,) = [line for line in metrics.exposition().decode().splitlines() if line.startswith(f"{series} ")]
    return float(found.rpartition(" ")[2])

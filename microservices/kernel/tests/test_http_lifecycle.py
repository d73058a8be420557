"""Keys, cancelling and stopping, over real HTTP against a real process."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from kernel_fakes import wait_for
from service_process import Served, command, is_problem, log_lines, poll, serving


def ended(run: dict[str, Any]) -> bool:
    return run["status"] not in ("queued", "running")


def staged(raw: Path) -> list[Path]:
    return list(raw.glob("_staging/fake/*"))


def published(raw: Path) -> list[Path]:
    return list(raw.glob("fake/customers/batch=*"))


def post(service: Served, mode: str, key: str | None = None) -> Any:
    headers = {"idempotency-key": key} if key else {}
    return service.client.post("/v1/ingestions", json={"mode": mode}, headers=headers)


def test_a_request_that_is_repeated_with_its_key_starts_one_run(tmp_path: Path) -> None:
    with serving(tmp_path, raw_url=tmp_path / "raw", toy_gate=tmp_path / "gate") as service:
        first = post(service, "full", '"8e03978e"')
        again = post(service, "full", '"8e03978e"')
        bare = post(service, "full", "8e03978e")
        for repeated in (again, bare):
            assert (repeated.status_code, repeated.headers["location"]) == (202, first.headers["location"])
            assert repeated.json()["run_id"] == first.json()["run_id"]
        is_problem(post(service, "full", '"another"'), 409, "RUN_IN_PROGRESS")
        is_problem(post(service, "incremental", "8e03978e"), 422, "IDEMPOTENCY_KEY_REUSED")
        (tmp_path / "gate").touch()
        poll(service, first.headers["location"], ended)
        late = post(service, "full", "8e03978e")
        assert (late.status_code, late.json()["status"]) == (202, "succeeded")
        assert post(service, "full", '"another"').headers["location"] != first.headers["location"]


def test_a_key_of_the_wrong_form_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with serving(tmp_path, raw_url=tmp_path / "raw") as service:
        for key in ('"', '""', 'planted-value"', '"planted value', "planted value", "x" * 256):
            response = post(service, "full", key)
            (error,) = is_problem(response, 422, "REQUEST_INVALID")["errors"]
            assert error["field"] == "header.idempotency-key" and "planted" not in response.text


@pytest.mark.parametrize(
    "settings", [{"toy_rows": 100_000, "toy_pace": 0.01}, {"toy_retry": 3600}], ids=["extracting", "waiting to retry"]
)
def test_a_run_is_cancelled_within_its_batch_and_nothing_of_it_is_seen(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    raw = tmp_path / "raw"
    with serving(tmp_path, raw_url=raw, **settings) as service:
        location = post(service, "full").headers["location"]
        wait_for(lambda: bool(staged(raw)))
        cancelled = service.client.delete(location)
        assert (cancelled.status_code, cancelled.headers["location"]) == (202, location)
        run = poll(service, location, ended)
        assert (run["status"], run["error"]["code"], run["exit_code"]) == ("cancelled", "RUN_CANCELLED", 75)
        assert run["rows_read"] == run["rows_written"] == 0 and run["batches"] == []
        assert not staged(raw) and not published(raw)

        too_late = service.client.delete(location)
        assert is_problem(too_late, 409, "RUN_ENDED")["instance"] == too_late.headers["location"] == location
        is_problem(service.client.delete("/v1/ingestions/nobody"), 404, "RUN_UNKNOWN")
        metrics = service.client.get("/metrics").text
        assert 'ingestion_runs_total{source="fake",status="cancelled"} 1.0' in metrics
        assert f'ingestion_retries_total{{source="fake"}} {float(run["retries"])}' in metrics
        assert post(service, "full").status_code == 202
    (line,) = [line for line in log_lines(service.log.read_text()) if line["event"] == "run_cancelled"]
    assert line["level"] == "warning" and "exception" not in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_the_present_batch_first(tmp_path: Path, number: int) -> None:
    raw, gate = tmp_path / "raw", tmp_path / "gate"
    with serving(tmp_path, raw_url=raw, toy_gate=gate, toy_batches=2) as service:
        post(service, "full")
        wait_for(lambda: bool(staged(raw)))
        service.process.send_signal(number)
        wait_for(lambda: "Waiting for application shutdown" in service.log.read_text())
        gate.touch()
        assert service.process.wait(timeout=30) == 0
    assert len(published(raw)) == 1 and not staged(raw)
    (failed,) = [line for line in log_lines(service.log.read_text()) if line["event"] == "run_failed"]
    assert failed["code"] == "RUN_INTERRUPTED"


def test_a_slow_batch_that_ends_in_time_is_published(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    with serving(tmp_path, raw_url=raw, toy_rows=40, toy_pace=0.05, toy_batches=2) as service:
        post(service, "full")
        wait_for(lambda: bool(staged(raw)))
        assert service.stop() == 0
    assert len(published(raw)) == 1 and not staged(raw)
    assert "stopped_while_ingesting" not in service.log.read_text()


def test_a_slow_batch_that_does_not_end_in_time_is_dropped_whole_and_the_next_run_takes_it(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    settings = {"raw_url": raw, "toy_rows": 1000}
    with serving(tmp_path, **settings, toy_pace=0.05, stop_timeout_seconds=0.2) as service:
        post(service, "full")
        wait_for(lambda: bool(staged(raw)))
        assert service.stop() == 75
    assert not published(raw) and not staged(raw)
    (line,) = [line for line in log_lines(service.log.read_text()) if line["event"] == "stopped_while_ingesting"]
    assert line["batch"] == "dropped" and line["advice"]

    next_run = json.loads(command("ingest", **settings).stdout)
    assert (next_run["status"], next_run["rows_written"]) == ("succeeded", 1000)


@pytest.mark.parametrize("signals", [1, 2])
def test_a_batch_that_hangs_does_not_hold_the_process(tmp_path: Path, signals: int) -> None:
    raw = tmp_path / "raw"
    with serving(tmp_path, raw_url=raw, toy_gate=tmp_path / "gate", stop_timeout_seconds=0.2) as service:
        post(service, "full")
        wait_for(lambda: bool(staged(raw)))
        for _ in range(signals):  # of two, uvicorn makes haste
            service.process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        assert service.process.wait(timeout=30) == 75
    assert not published(raw)
    assert "stopped_while_ingesting" in service.log.read_text()
    next_run = json.loads(command("ingest", raw_url=raw).stdout)
    assert (next_run["status"], next_run["rows_written"]) == ("succeeded", 3)

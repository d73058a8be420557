"""The HTTP shell: a real uvicorn process and a real client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from service_process import Served, is_problem, log_lines, poll, serving

TOKEN = "a-token-of-enough-length"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, raw_url=tmp_path / "raw", toy_gate=tmp_path / "gate", toy_batches=2) as service:
        yield service


def test_a_run_from_its_start_to_its_end(served: Served, tmp_path: Path) -> None:
    started = served.client.post("/v1/ingestions", json={"mode": "full"})
    assert started.status_code == 202
    location = started.headers["location"]
    assert location == f"/v1/ingestions/{started.json()['run_id']}"
    assert started.json()["status"] in ("queued", "running")

    refused = served.client.post("/v1/ingestions")
    conflict = is_problem(refused, 409, "RUN_IN_PROGRESS")
    assert conflict["running"] == conflict["instance"] == refused.headers["location"] == location

    (tmp_path / "gate").touch()
    run = poll(served, location, lambda run: run["status"] not in ("queued", "running"))
    assert (run["status"], run["rows_read"], run["rows_written"], run["exit_code"]) == ("succeeded", 6, 6, 0)
    assert len(run["batches"]) == 2 and run["started_at"] <= run["finished_at"]

    second = served.client.post("/v1/ingestions")
    assert second.status_code == 202 and second.json()["mode"] == "incremental"
    runs = served.client.get("/v1/ingestions").json()["ingestions"]
    assert [item["run_id"] for item in runs] == [second.json()["run_id"], run["run_id"]]
    assert len(served.client.get("/v1/ingestions?limit=1").json()["ingestions"]) == 1

    metrics = served.client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'ingestion_rows_written_total{source="fake"} 6.0',
        'ingestion_batches_published_total{source="fake"} 2.0',
        'ingestion_rows_rejected_total{source="fake"} 0.0',
        'ingestion_batches_duplicate_total{source="fake"} 0.0',
    ):
        assert line in metrics.text.splitlines()

    lines = log_lines(served.log.read_text())
    published, _ = [line for line in lines if line["event"] == "batch_published"]
    assert published["run_id"] == run["run_id"] and published["batch_id"] == run["batches"][0]
    assert published["source"] == "fake" and published["service"] == "toy-ingestion"
    assert not [line for line in lines if "/metrics" in line["event"]], "probes and scrapes are not logged"


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("POST", "/v1/ingestions", b'{"mode": "sideways"}', 422, "REQUEST_INVALID"),
        ("POST", "/v1/ingestions", b'{"mode": "full", "since": "planted-value"}', 422, "REQUEST_INVALID"),
        ("POST", "/v1/ingestions", b'["planted-value"]', 422, "REQUEST_INVALID"),
        ("POST", "/v1/ingestions", b'{"planted-value', 400, "BAD_REQUEST"),
        ("POST", "/v1/ingestions", b'{"mode": "' + b"x" * 20_000 + b'"}', 413, "REQUEST_ENTITY_TOO_LARGE"),
        ("GET", "/v1/ingestions/planted-value", None, 404, "RUN_UNKNOWN"),
        ("DELETE", "/v1/ingestions/planted-value", None, 404, "RUN_UNKNOWN"),
        ("POST", "/v1/ingestions", b'{"planted-value": 1}', 422, "REQUEST_INVALID"),
        ("GET", "/v1/ingestions?limit=0", None, 422, "REQUEST_INVALID"),
        ("GET", "/planted-value", None, 404, "NOT_FOUND"),
        ("DELETE", "/v1/ingestions", None, 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_wrong_requests_get_a_problem_that_repeats_no_value(
    shared: Served, method: str, path: str, content: bytes | None, status: int, code: str
) -> None:
    headers = {"content-type": "application/json"} if content else {}
    response = shared.client.request(method, path, content=content, headers=headers)
    is_problem(response, status, code)
    assert "planted-value" not in response.text
    assert shared.client.get("/v1/ingestions").json() == {"ingestions": []}


def test_a_wrong_request_is_told_field_by_field(shared: Served) -> None:
    def errors_of(response: Any) -> list[dict[str, str]]:
        errors: list[dict[str, str]] = is_problem(response, 422, "REQUEST_INVALID")["errors"]
        return errors

    wrong_mode = errors_of(shared.client.post("/v1/ingestions", json={"mode": "planted-value"}))
    assert wrong_mode == [{"field": "body.mode", "detail": "Input should be 'incremental' or 'full'"}]
    (unknown,) = errors_of(shared.client.post("/v1/ingestions", json={"planted-value": 1}))
    assert unknown["field"] == "body" and unknown["detail"].endswith("leave it out. Known: mode")
    (limit,) = errors_of(shared.client.get("/v1/ingestions?limit=planted-value"))
    assert limit["field"] == "query.limit" and "valid integer" in limit["detail"]


def test_a_wrong_method_is_told_the_right_ones(shared: Served) -> None:
    assert shared.client.put("/v1/ingestions").headers["allow"] == "GET, POST"
    assert shared.client.put("/v1/ingestions/x").headers["allow"] == "DELETE, GET"
    assert shared.client.post("/health/live").headers["allow"] == "GET"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("shared")
    with serving(folder, raw_url=folder / "raw") as service:
        yield service


def test_a_page_of_another_site_cannot_start_a_run_on_loopback(shared: Served) -> None:
    is_problem(shared.client.post("/v1/ingestions", headers={"sec-fetch-site": "cross-site"}), 403, "FORBIDDEN")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "[::1", ""])
def test_a_page_that_lets_its_name_lead_here_cannot_start_a_run_either(shared: Served, host: str) -> None:
    for method, path in (("POST", "/v1/ingestions"), ("DELETE", "/v1/ingestions/x"), ("GET", "/metrics")):
        response = shared.client.request(method, path, headers={"host": host})
        is_problem(response, 421, "MISDIRECTED_REQUEST")
    assert "SERVICE_TOKEN" in response.json()["advice"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.2:1", "[::1]:8080"])
def test_the_names_of_this_machine_are_answered(shared: Served, host: str) -> None:
    assert shared.client.get("/v1/ingestions", headers={"host": host}).status_code == 200


def test_health_and_document(shared: Served) -> None:
    assert shared.client.get("/health/live").json() == {"status": "alive"}
    ready = shared.client.get("/health/ready")
    assert (ready.status_code, ready.json()["dependencies"]) == (200, {"source": "ok", "lake": "ok"})
    document = shared.client.get("/openapi.json").json()
    assert document["info"]["title"] == "Toy ingestion" and document["info"]["version"] == "9.8.7"
    run = document["components"]["schemas"]["RunView"]["properties"]
    assert all("examples" in field or "$ref" in str(field) for field in run.values())
    assert set(document["paths"]["/v1/ingestions"]["post"]["responses"]) >= {"202", "400", "409", "422", "503"}


def test_readiness_names_what_is_missing(tmp_path: Path) -> None:
    wall = tmp_path / "a-file"
    wall.touch()
    with serving(tmp_path, raw_url=wall / "raw", toy_fault="down") as service:
        ready = service.client.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json()["dependencies"] == {"source": "SOURCE_UNAVAILABLE", "lake": "LAKE_UNAVAILABLE"}
        assert service.client.get("/health/live").status_code == 200


def test_the_token_is_required_where_it_is_configured(tmp_path: Path) -> None:
    with serving(tmp_path, raw_url=tmp_path / "raw", host="0.0.0.0", service_token=TOKEN) as service:
        for header in (None, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer", TOKEN):
            headers = {"authorization": header} if header else {}
            for method, path in (("POST", "/v1/ingestions"), ("GET", "/v1/ingestions"), ("GET", "/v1/ingestions/x")):
                response = service.client.request(method, path, headers=headers)
                is_problem(response, 401, "UNAUTHORIZED")
                assert response.headers["www-authenticate"] == "Bearer"
        for path in ("/health/live", "/health/ready", "/metrics", "/openapi.json"):
            assert service.client.get(path, headers={"host": "shop.example"}).status_code == 200
        started = service.client.post("/v1/ingestions", headers={"authorization": f"bearer {TOKEN}"})
        assert started.status_code == 202
        assert TOKEN not in service.log.read_text()


def test_a_failed_run_tells_its_error_and_none_of_its_values(tmp_path: Path) -> None:
    secret = "planted-secret-of-the-source"
    with serving(tmp_path, raw_url=tmp_path / "raw", toy_fault="unforeseen", toy_password=secret) as service:
        location = service.client.post("/v1/ingestions").headers["location"]
        run = poll(service, location, lambda run: run["status"] == "failed")
        assert (run["error"]["code"], run["error"]["message"]) == ("INGESTION_FAILED", "unforeseen RuntimeError")
        metrics = service.client.get("/metrics").text
        assert 'ingestion_runs_total{source="fake",status="failed"} 1.0' in metrics
        assert 'ingestion_errors_total{code="INGESTION_FAILED",source="fake"} 1.0' in metrics
        log = service.log.read_text()
        (failed,) = [line for line in log_lines(log) if line["event"] == "run_failed"]
        assert failed["exception"][0]["type"] == "builtins.RuntimeError"
        assert any("extract" in place for place in failed["exception"][0]["at"])
        for leaked in (secret, "52998224725"):
            assert leaked not in log + metrics + str(run)

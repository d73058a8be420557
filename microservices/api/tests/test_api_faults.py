"""What an API can do wrong: a clear error, nothing of it published, the key kept."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from api_lake import Bench
from api_servers import API_KEY, PartnerServer, ScriptedServer
from ingestion_kernel.domain.batch import Mode

ROW = {"customer_id": "1", "cpf": "529.982.247-25", "updated_at": "2025-01-01T00:00:00Z"}
GOOD = {"body": {"data": [ROW]}}
EMPTY: dict[str, Any] = {"body": {"data": []}}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "raw")


def refused(bench: Bench, url: str, code: str, **changes: Any) -> str:
    """The message of a run that must end in `code` with nothing published, no key and no value shown."""
    run = bench.ingest(url, **changes)
    assert run.error and run.error.code == code
    assert bench.manifests() == []
    text = f"{run.error.message} {run.error.advice}"
    assert API_KEY not in text and ROW["cpf"] not in text
    return text


def pauses(server: ScriptedServer) -> list[float]:
    """Seconds between the requests, by the server's own clock."""
    times = [request["at"] for request in server.requests()]
    return [later - earlier for earlier, later in zip(times, times[1:], strict=False)]


def test_a_wrong_key_is_refused_at_once(bench: Bench, partner: PartnerServer) -> None:
    run = bench.ingest(partner.url("page"), key="wrong-key-wrong-key")
    assert run.error and (run.error.code, run.exit_code) == ("SOURCE_ACCESS_DENIED", 77)
    assert "wrong-key" not in f"{run.error}"


@pytest.mark.parametrize("status", [401, 403])
def test_access_denied_is_not_retried(status: int, bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"status": status})
    refused(bench, scripted.url, "SOURCE_ACCESS_DENIED")
    assert len(scripted.requests()) == 1


@pytest.mark.parametrize("auth", ["api_key", "bearer"])
def test_the_key_goes_into_the_header_of_its_kind(auth: str, bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play(EMPTY)
    bench.ingest(scripted.url, auth=auth, key_header="X-Partner")
    (request,) = scripted.requests()
    sent = {"bearer": ("Authorization", f"Bearer {API_KEY}"), "api_key": ("X-Partner", API_KEY)}[auth]
    assert sent in request["headers"].items()
    assert API_KEY not in request["path"]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_fault_twice_then_success(status: int, bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"status": status}, {"status": status}, GOOD, EMPTY)
    run = bench.ingest(scripted.url)
    assert run.error is None and run.rows_written == 1
    assert bench.manifests()[0]["details"]["retries"] == 2


def test_a_body_cut_off_is_asked_for_again(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({**GOOD, "cut": True}, GOOD, EMPTY)
    assert bench.ingest(scripted.url).error is None
    assert bench.column("customer_id") == ["1"]


def test_retry_after_in_seconds_is_a_lower_bound(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"status": 429, "headers": {"Retry-After": "1"}}, GOOD, EMPTY)
    assert bench.ingest(scripted.url).error is None
    assert pauses(scripted)[0] >= 1


def test_retry_after_as_a_date_is_a_lower_bound_whatever_the_servers_clock_says(
    bench: Bench, scripted: ScriptedServer
) -> None:
    asked = datetime(2031, 5, 1, 12, 0, 1, tzinfo=UTC)
    headers = {
        "Retry-After": format_datetime(asked, usegmt=True),
        "Date": format_datetime(asked.replace(second=0), usegmt=True),
    }
    scripted.play({"status": 503, "headers": headers}, GOOD, EMPTY)
    assert bench.ingest(scripted.url).error is None
    assert pauses(scripted)[0] >= 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_longer_than_the_run_may_take_ends_it(status: int, bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"status": status, "headers": {"Retry-After": "3600"}})
    before = datetime.now(UTC)
    run = bench.ingest(scripted.url, deadline_seconds=5)
    assert run.error and (run.error.code, run.exit_code) == ("SOURCE_THROTTLED", 75)
    assert run.error.next_allowed_at
    assert (datetime.fromisoformat(run.error.next_allowed_at) - before).total_seconds() >= 3599
    assert len(scripted.requests()) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"status": 429, "headers": {"Retry-After": "3600"}}, "SOURCE_THROTTLED"),
        ({"status": 429, "headers": {"Retry-After": "1767225600000"}}, "SOURCE_THROTTLED"),  # a moment, by mistake
        ({"status": 500}, "SOURCE_UNAVAILABLE"),
    ],
)
@pytest.mark.parametrize("prefetch_pages", [0, 1])
def test_the_pages_before_a_fault_are_kept_and_the_next_run_goes_on_after_them(
    prefetch_pages: int, answer: dict[str, Any], code: str, bench: Bench, scripted: ScriptedServer
) -> None:
    pages = [
        {"body": {"data": [{"customer_id": str(n), "updated_at": "2025-01-01T00:00:00Z"}], "next_cursor": str(n)}}
        for n in (1, 2, 3)
    ]
    settings: dict[str, Any] = {"paging": "cursor", "prefetch_pages": prefetch_pages, "retry_attempts": 1}
    scripted.play(*pages[:2], answer)
    run = bench.ingest(scripted.url, **settings)
    assert run.error and run.error.code == code
    assert bench.column("customer_id") == ["1", "2"]
    scripted.play(pages[2], answer)
    run = bench.ingest(scripted.url, **settings)
    assert run.error and scripted.requests()[0]["path"].endswith("cursor=2")
    assert bench.column("customer_id") == ["1", "2", "3"]
    scripted.play(*pages[:2], answer)
    run = bench.ingest(scripted.url, mode=Mode.FULL, **settings)
    assert run.error and len(bench.manifests()) == 2, "half of a full run's batch would not be known to the next"


def test_tries_and_budget_end(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"status": 500})
    refused(bench, scripted.url, "SOURCE_UNAVAILABLE", retry_attempts=3)
    assert len(scripted.requests()) == 3
    scripted.play({"status": 429})
    refused(bench, scripted.url, "SOURCE_THROTTLED", retry_attempts=2)
    scripted.play({"status": 501})
    refused(bench, scripted.url, "SOURCE_UNAVAILABLE")
    assert len(scripted.requests()) == 1
    scripted.play({"status": 500}, GOOD, {"status": 500}, {"status": 500})
    run = bench.ingest(scripted.url, retry_budget=2)
    assert run.error and run.error.code == "SOURCE_UNAVAILABLE" and bench.column("customer_id") == ["1"]
    assert len(scripted.requests()) == 4


def test_the_environments_proxy_gets_neither_request_nor_key(
    bench: Bench, scripted: ScriptedServer, other_host: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", other_host.origin)
    monkeypatch.delenv("NO_PROXY", raising=False)
    scripted.play(EMPTY)
    assert bench.ingest(scripted.url).error is None
    assert other_host.requests() == []


def test_nobody_listens(bench: Bench) -> None:
    refused(bench, "http://127.0.0.1:9/", "SOURCE_UNAVAILABLE", retry_attempts=2)


@pytest.mark.parametrize("paging", ["page", "offset"])
def test_a_page_that_repeats(paging: str, bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play(GOOD)
    assert "twice" in refused(bench, scripted.url, "SOURCE_DATA_INVALID", paging=paging)


@pytest.mark.parametrize(("paging", "onward"), [("cursor", "a"), ("next_link", "/list?after=a")])
def test_a_cursor_that_repeats(paging: str, onward: str, bench: Bench, scripted: ScriptedServer) -> None:
    pages = [{"data": [{**ROW, "customer_id": str(n)}], "next": onward} for n in range(3)]
    scripted.play(*({"body": page} for page in pages))
    refused(bench, scripted.url, "SOURCE_DATA_INVALID", paging=paging, next_path="next")
    assert len(scripted.requests()) == 2


def test_a_next_link_to_another_host_is_refused_and_the_key_stays_here(
    bench: Bench, scripted: ScriptedServer, other_host: ScriptedServer
) -> None:
    port = other_host.origin.rsplit(":", 1)[1]
    for link in [other_host.url, f"//127.0.0.1:{port}/list", f"{scripted.origin}@127.0.0.1:{port}/list"]:
        scripted.play({"body": {"data": [ROW], "next": link}})
        assert "not followed" in refused(bench, scripted.url, "SOURCE_DATA_INVALID", paging="next_link")
    header = {"Link": f'<{other_host.url}>; rel="next"'}
    scripted.play({"body": {"data": [ROW]}, "headers": header})
    refused(bench, scripted.url, "SOURCE_DATA_INVALID", paging="link_header")
    assert other_host.requests() == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_refused(status: int, bench: Bench, scripted: ScriptedServer, other_host: ScriptedServer) -> None:
    scripted.play({"status": status, "headers": {"Location": other_host.url}})
    assert "redirect" in refused(bench, scripted.url, "CONFIGURATION_INVALID")
    assert other_host.requests() == []


def test_oversized_answers(bench: Bench, scripted: ScriptedServer) -> None:
    large = {"body": "x", "repeat": 3_000_000}
    for answer in (large, {**large, "headers": {"Content-Encoding": "gzip"}}):
        scripted.play(answer)
        assert "larger" in refused(bench, scripted.url, "SOURCE_DATA_INVALID", max_page_bytes=1_000_000)
    scripted.play(GOOD)
    refused(bench, scripted.url, "SOURCE_DATA_INVALID", max_record_bytes=20)
    scripted.play({"body": {"data": [ROW] * 3}})
    refused(bench, scripted.url, "SOURCE_DATA_INVALID", max_page_records=2)


def test_stacked_codings_are_not_unpacked(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"body": "x", "headers": {"Content-Encoding": "gzip, gzip"}})
    assert "Content-Encoding" in refused(bench, scripted.url, "SOURCE_DATA_INVALID")


@pytest.mark.parametrize(
    "body",
    [
        '{"data": [{"cpf": "529.982.247-25"',
        "<html>529.982.247-25</html>",
        "",
        "[" * 100_000,
        '{"data": [{"cpf": ' + "[" * 950 + "]" * 950 + "}]}",
        '{"data": ["\xff"]}',
    ],
)
def test_what_is_not_json(body: str, bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"body": body, "encoding": "latin-1", "headers": {"Content-Type": "text/html; charset=utf-8"}})
    refused(bench, scripted.url, "SOURCE_DATA_INVALID")


def test_a_page_that_drips_in_for_ever(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"body": "x", "repeat": 1_000, "drip": True})
    message = refused(bench, scripted.url, "SOURCE_UNAVAILABLE", page_timeout_seconds=0.1, retry_attempts=2)
    assert "API_PAGE_TIMEOUT_SECONDS" in message


@pytest.mark.parametrize("body", [{"items": []}, {"data": {"a": 1}}, {"data": None}, []])
def test_records_that_are_not_where_they_should_be(body: Any, bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"body": body})
    assert "API_RECORDS_PATH" in refused(bench, scripted.url, "SOURCE_DATA_INVALID")


def test_a_misspelt_next_path_does_not_pass_for_the_last_page(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"body": {"data": [ROW], "next_cursor": "a"}}, EMPTY)
    assert "API_NEXT_PATH" in refused(bench, scripted.url, "SOURCE_DATA_INVALID", paging="cursor", next_path="nxt")
    assert bench.ingest(scripted.url, paging="cursor", next_path="nxt", next_optional=True).error is None
    scripted.play({"body": {"data": [ROW]}})
    assert bench.ingest(scripted.url, mode=Mode.FULL, has_more_path="more").error
    assert bench.ingest(scripted.url, mode=Mode.FULL, paging="cursor", next_path="data").error


@pytest.mark.parametrize("status", [204, 400, 404, 418])
def test_other_answers_point_at_the_settings(status: int, bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"status": status})
    assert str(status) in refused(bench, scripted.url, "CONFIGURATION_INVALID")


def test_what_was_published_before_the_fault_stays_and_is_not_repeated(bench: Bench, scripted: ScriptedServer) -> None:
    pages = [{"body": {"data": [{**ROW, "customer_id": str(n)}]}} for n in (1, 2)]
    scripted.play(*pages, {"status": 500})
    run = bench.ingest(scripted.url, max_pages_per_batch=1, retry_attempts=2)
    assert run.error and run.error.code == "SOURCE_UNAVAILABLE" and run.rows_written == 2
    scripted.play({"body": {"data": [{**ROW, "customer_id": "3"}]}}, EMPTY)
    assert bench.ingest(scripted.url, max_pages_per_batch=1).error is None
    assert bench.column("customer_id") == ["1", "2", "3"]

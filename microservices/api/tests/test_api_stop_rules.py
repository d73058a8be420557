"""Where a walk ends, documents that did not change, failures in the body, time windows."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from api_lake import Bench
from api_servers import PartnerServer, ScriptedServer, partner_record
from api_ingestion.interfaces.main import build_source
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.exceptions import SourceAccessDenied
from ingestion_kernel.domain.run import Run
from test_api_command import run as command
from test_api_paging_and_windows import partner_settings

ROWS = [{"customer_id": str(n), "updated_at": f"2025-01-0{n}T00:00:00Z"} for n in (1, 2, 3, 4)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "raw")


def succeeded(run: Run) -> Run:
    assert run.error is None, run.error
    return run


@pytest.mark.parametrize("paging", ["page", "offset"])
def test_the_total_ends_the_walk_also_over_a_crash(paging: str, bench: Bench, scripted: ScriptedServer) -> None:
    pages = [{"body": {"data": ROWS[n : n + 1], "meta": {"total": 3}}} for n in range(3)]
    settings: dict[str, Any] = {"paging": paging, "total_path": "meta.total", "max_pages_per_batch": 1}
    scripted.play(pages[0], {"status": 403})
    assert bench.ingest(scripted.url, **settings).error
    scripted.play(*pages[1:], {"status": 500})
    # the same walk, then the window after it, which finds what it knows
    run = bench.ingest(scripted.url, **settings, retry_attempts=1)
    assert bench.column("customer_id") == ["1", "2", "3"]
    assert run.error and run.error.code == "SOURCE_UNAVAILABLE" and len(scripted.requests()) == 3
    assert bench.manifests()[-1]["watermark"]["resume"] is None


def test_a_total_that_is_none(bench: Bench, scripted: ScriptedServer) -> None:
    for total in ({}, {"total": None}, {"total": "1.5"}):
        scripted.play({"body": {"data": ROWS[:1], **total}})
        run = bench.ingest(scripted.url, paging="offset", total_path="total")
        assert run.error and "API_TOTAL_PATH" in run.error.message


def test_a_run_ends_at_the_page_limit_and_the_next_goes_on(bench: Bench, scripted: ScriptedServer) -> None:
    pages = [{"body": {"data": ROWS[n : n + 1], "next_cursor": str(n) if n < 3 else None}} for n in range(4)]
    settings: dict[str, Any] = {"paging": "cursor", "max_pages": 2, "prefetch_pages": 0}
    scripted.play(*pages)
    succeeded(bench.ingest(scripted.url, **settings))
    assert bench.column("customer_id") == ["1", "2"] and len(scripted.requests()) == 2
    scripted.play(*pages[2:])
    succeeded(bench.ingest(scripted.url, **settings))
    assert bench.column("customer_id") == ["1", "2", "3", "4"]
    assert bench.manifests()[-1]["watermark"]["resume"] is None


def test_the_page_limit_gets_on_over_pages_of_known_records(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"body": {"data": ROWS[3:]}})
    succeeded(bench.ingest(scripted.url, paging="none"))
    pages = [{"body": {"data": ROWS[n : n + 1], "next_cursor": str(n) if n < 3 else None}} for n in range(4)]
    pages[3]["body"]["data"] = [{"customer_id": "5", "updated_at": "2025-01-05T00:00:00Z"}]
    settings: dict[str, Any] = {"paging": "cursor", "max_pages": 2, "prefetch_pages": 0}
    for played in (pages[:2], pages[2:]):
        scripted.play(*played)
        succeeded(bench.ingest(scripted.url, **settings))
    assert bench.column("customer_id") == ["4", "5"]


def test_a_full_run_over_the_page_limit_fails(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play(*({"body": {"data": [row]}} for row in ROWS))
    run = bench.ingest(scripted.url, mode=Mode.FULL, max_pages=3)
    assert run.error and "API_MAX_PAGES" in run.error.message


def test_a_document_that_did_not_change_publishes_nothing(bench: Bench, scripted: ScriptedServer) -> None:
    validators = {"ETag": '"v1"', "Last-Modified": "Wed, 01 Jan 2025 00:00:00 GMT"}
    scripted.play({"body": {"data": ROWS[:2]}, "headers": validators}, {"status": 304})
    succeeded(bench.ingest(scripted.url, paging="none"))
    assert bench.manifests()[0]["watermark"]["validators"]["etag"] == '"v1"'
    again = succeeded(bench.ingest(scripted.url, paging="none"))
    assert (again.batches, again.rows_written) == ([], 0)
    first, second = scripted.requests()
    assert "If-None-Match" not in first["headers"]
    assert second["headers"]["If-None-Match"] == '"v1"'
    assert second["headers"]["If-Modified-Since"] == validators["Last-Modified"]
    scripted.play({"body": {"data": ROWS[:3]}, "headers": {"ETag": '"v2"'}})
    assert succeeded(bench.ingest(scripted.url, paging="none")).rows_written == 1
    assert bench.manifests()[-1]["watermark"]["validators"] == {
        "address": bench.manifests()[0]["watermark"]["validators"]["address"],
        "etag": '"v2"',
    }


def test_validators_are_shown_only_where_they_belong(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"body": {"data": ROWS[:2]}, "headers": {"ETag": '"v1"'}})
    succeeded(bench.ingest(scripted.url, paging="none"))
    succeeded(bench.ingest(f"{scripted.url}?store=2", paging="none"))
    succeeded(bench.ingest(scripted.url, paging="none", conditional=False))
    succeeded(bench.ingest(scripted.url, paging="none", mode=Mode.FULL))
    assert not any("If-None-Match" in request["headers"] for request in scripted.requests())
    scripted.play({"status": 304})
    run = bench.ingest(scripted.url, paging="none", mode=Mode.FULL)
    assert run.error and "304" in run.error.message, "nobody asked whether it changed"


def test_an_unchanged_run_says_so(tmp_path: Path, scripted: ScriptedServer) -> None:
    scripted.play({"body": {"data": ROWS[:1]}, "headers": {"ETag": '"v1"'}}, {"status": 304})
    settings = {"RAW_URL": str(tmp_path / "raw"), "API_URL": scripted.url, "API_AUTH": "none", "API_PAGING": "none"}
    settings["API_SINCE_PARAM"] = ""  # else the address changes with each new bound
    first, second = command("ingest", **settings), command("ingest", **settings)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "source_unchanged" in second.stderr and "source_unchanged" not in first.stderr
    assert json.loads(second.stdout)["batches"] == []


@pytest.mark.parametrize(
    ("failed", "settings"),
    [
        ({"status": "error"}, {"failure_path": "status", "failure_value": "error"}),
        ({"errors": [{"code": 7}]}, {"failure_path": "errors"}),
        ({"error": {"message": "busy"}}, {"failure_path": "error.message"}),
        ({"code": 503}, {"failure_path": "code", "failure_value": "503"}),
    ],
)
def test_a_failure_in_the_body_is_retried(
    failed: dict[str, Any], settings: dict[str, Any], bench: Bench, scripted: ScriptedServer
) -> None:
    good = {"body": {"data": ROWS[:1], "status": "ok", "errors": [], "error": None, "code": 0}}
    scripted.play({"body": {"data": [], **failed}}, good)
    run = succeeded(bench.ingest(scripted.url, paging="none", **settings))
    assert run.rows_written == 1 and bench.manifests()[0]["details"]["retries"] == 1
    scripted.play({"body": {"data": [], **failed}})
    run = bench.ingest(scripted.url, paging="none", retry_attempts=2, conditional=False, **settings)
    assert run.error and run.error.code == "SOURCE_UNAVAILABLE" and "API_FAILURE_PATH" in run.error.message


WINDOWS = {
    "since_param": "updated_since",
    "until_param": "updated_before",
    "window_seconds": 86_400,
    "start": "2025-04-01T00:00:00Z",
}


def one_a_day(days: int) -> list[str]:
    """At the very seams of the windows, and between them; one day is empty."""
    moments = [f"2025-04-{day:02d}T{time}Z" for day in range(1, days + 1) for time in ("00:00:00", "12:30:00")]
    return [partner_record(n, moment) for n, moment in enumerate(moments) if n not in (4, 5)]


@pytest.mark.parametrize("paging", ["page", "cursor", "next_link"])
@pytest.mark.parametrize("mode", [Mode.INCREMENTAL, Mode.FULL])
def test_time_windows_hold_each_record_once(mode: Mode, paging: str, bench: Bench, partner: PartnerServer) -> None:
    lines = one_a_day(9)
    partner.write(*lines)
    # settling brings the end of the windows near
    settings = partner_settings(paging, **WINDOWS, settle_seconds=_seconds_since("2025-04-20T00:00:00+00:00"))
    settings["page_size"] = 2
    succeeded(bench.ingest(partner.url(paging), mode=mode, **settings))
    found = Counter(bench.column("purchase_id"))
    assert set(found.values()) == {1} and len(found) == len(lines)
    if mode is Mode.INCREMENTAL:
        details = [manifest["details"] for manifest in bench.manifests()]
        assert details[0]["since"] == "2025-04-01T00:00:00.000000Z"
        assert details[1]["since"] == "2025-04-01T23:59:59.000000Z", "a second back, for bounds that exclude"
        assert succeeded(bench.ingest(partner.url(paging), **settings)).batches == []


def test_a_window_is_resumed_with_its_own_bounds(bench: Bench, scripted: ScriptedServer) -> None:
    settings: dict[str, Any] = {**WINDOWS, "paging": "page", "max_pages_per_batch": 1, "prefetch_pages": 0}
    settings |= {"start": "2025-01-01T00:00:00Z", "settle_seconds": _seconds_since("2025-01-04T00:00:00+00:00")}
    scripted.play({"body": {"data": ROWS[:1]}}, {"body": {"data": []}}, {"body": {"data": ROWS[1:2]}}, {"status": 403})
    assert bench.ingest(scripted.url, **settings).error
    asked = scripted.requests()[-1]["path"]
    assert "updated_since=2025-01-01T23" in asked and asked.endswith("page=2")
    scripted.play({"body": {"data": []}})
    succeeded(bench.ingest(scripted.url, **settings))
    assert scripted.requests()[0]["path"] == asked
    after = scripted.requests()[1]["path"]
    assert "updated_since=2025-01-02T23%3A59%3A59" in after, "a second back, as between any two windows"
    assert bench.column("customer_id") == ["1", "2"]


def test_what_may_have_changed_while_a_resumed_window_was_read_is_read_again(
    bench: Bench, scripted: ScriptedServer
) -> None:
    settings: dict[str, Any] = {**WINDOWS, "paging": "page", "max_pages_per_batch": 1, "prefetch_pages": 0}
    settings["start"] = (datetime.now(UTC) - timedelta(hours=12)).isoformat()
    late = {"customer_id": "1", "updated_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat()}
    scripted.play({"body": {"data": [late]}}, {"status": 403})
    assert bench.ingest(scripted.url, **settings).error
    (until,) = parse_qs(urlsplit(scripted.requests()[0]["path"]).query)["updated_before"]
    scripted.play({"body": {"data": []}}, {"body": {"data": [late]}}, {"body": {"data": []}})
    succeeded(bench.ingest(scripted.url, **settings))
    (since,) = parse_qs(urlsplit(scripted.requests()[1]["path"]).query)["updated_since"]
    assert datetime.fromisoformat(until) - datetime.fromisoformat(since) >= timedelta(minutes=5)
    assert bench.column("customer_id") == ["1"]


def test_a_check_asks_for_a_second_and_spares_the_quota(bench: Bench, scripted: ScriptedServer) -> None:
    settings = bench.settings(scripted.url, since_param="since", until_param="until", size_param="limit")
    scripted.play({"body": {"data": []}})
    source = build_source(settings)
    for _ in range(3):
        source.check()
    (asked,) = (parse_qs(urlsplit(request["path"]).query) for request in scripted.requests())
    since, until = (datetime.fromisoformat(asked[name][0]) for name in ("since", "until"))
    assert (until - since).total_seconds() == 1 and asked["limit"] == ["1"]
    scripted.play({"status": 429, "headers": {"Retry-After": "3600"}})
    build_source(settings).check()  # it is there
    scripted.play({"status": 403})
    with pytest.raises(SourceAccessDenied):
        build_source(settings).check()


def _seconds_since(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()

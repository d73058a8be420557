"""How fast the API is asked: our own limit, and what its answers say is left."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api_ingestion.infrastructure.ingestion.rate_limit import TokenBucket, exhausted_for
from api_lake import Bench
from api_servers import ScriptedServer
from test_api_faults import pauses

GOOD = {"body": {"data": [{"customer_id": "1", "updated_at": "2025-01-01T00:00:00Z"}]}}
EMPTY: dict[str, Any] = {"body": {"data": []}}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "raw")


def test_a_bucket_lets_a_burst_pass_then_the_rate() -> None:
    moment = [100.0]
    bucket = TokenBucket(2, 3, now=lambda: moment[0])
    assert [bucket.reserve() for _ in range(5)] == [(0, 0), (0, 0), (0, 0), (0.5, 0), (1.0, 0)]
    moment[0] += 60
    assert [bucket.reserve() for _ in range(4)] == [(0, 0), (0, 0), (0, 0), (0.5, 0)]
    bucket.pause(7)
    assert bucket.reserve() == (1.0, 7)
    assert TokenBucket(None, 1).reserve() == (0, 0)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "30"}, 30),
        ({"RateLimit-Remaining": "1", "RateLimit-Reset": "30"}, None),
        ({"RateLimit-Remaining": "0"}, None),
        ({"RateLimit": '"default";r=0;t=12'}, 12),
        ({"RateLimit": '"default";r=5;t=12'}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2000000042"}, 42),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2000000042500"}, 42.5),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2000000042500000"}, 42.5),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1999999999"}, 0),
        ({"X-RateLimit-Remaining": "none", "X-RateLimit-Reset": "soon"}, None),
        ({}, None),
    ],
)
def test_what_the_headers_say(headers: dict[str, str], seconds: float | None) -> None:
    assert exhausted_for(headers, 2_000_000_000.0) == seconds


def test_our_own_limit_spaces_the_requests(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play(GOOD, EMPTY)
    assert bench.ingest(scripted.url, requests_per_second=4).error is None
    assert pauses(scripted)[0] >= 0.2


def test_a_run_past_its_deadline_goes_on_while_the_api_asks_for_nothing(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play(GOOD, EMPTY)
    assert bench.ingest(scripted.url, requests_per_second=100, deadline_seconds=0.001).error is None


def test_a_used_up_quota_is_waited_for(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({**GOOD, "headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}}, EMPTY)
    assert bench.ingest(scripted.url).error is None
    assert pauses(scripted)[0] >= 0.9


@pytest.mark.parametrize(("status", "reset"), [(200, "3600"), (429, "3600"), (200, "999999999999999")])
def test_a_quota_that_comes_back_too_late_ends_the_run(
    status: int, reset: str, bench: Bench, scripted: ScriptedServer
) -> None:
    scripted.play({**GOOD, "status": status, "headers": {"RateLimit-Remaining": "0", "RateLimit-Reset": reset}})
    before = datetime.now(UTC)
    run = bench.ingest(scripted.url, deadline_seconds=5)
    assert run.error and run.error.code == "SOURCE_THROTTLED" and run.error.next_allowed_at
    assert (datetime.fromisoformat(run.error.next_allowed_at) - before).total_seconds() >= 3598
    assert len(scripted.requests()) == 1

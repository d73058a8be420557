"""Pages are fetched ahead: bounded, in order, and nothing is left running."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_ingestion.infrastructure.ingestion.prefetch import Prefetcher
from api_lake import Bench
from api_servers import ScriptedServer
from ingestion_kernel.domain.exceptions import LakeUnavailable
from ingestion_kernel.infrastructure.storage.local import LocalRawLake, LocalStagedBatch


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "raw")


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name == "api-prefetch"] == []


class Counted:
    """Counts up; says when it made an item, and fails at `last`."""

    def __init__(self, last: int) -> None:
        self.made = 0
        self.grown = threading.Condition()
        self._last = last

    def __iter__(self) -> Iterator[int]:
        for number in range(1, self._last):
            with self.grown:
                self.made = number
                self.grown.notify_all()
            yield number
        raise LookupError("the end")

    def wait_for(self, number: int) -> None:
        with self.grown:
            assert self.grown.wait_for(lambda: self.made >= number, 10)


@pytest.mark.parametrize("ahead", [1, 3])
def test_the_bound_is_kept_and_reached(ahead: int) -> None:
    counted = Counted(100)
    pages = Prefetcher(iter(counted), ahead)
    for number in range(1, 20):
        assert next(pages) == number
        counted.wait_for(number + ahead)
        assert counted.made == number + ahead
    pages.close(lambda: None)


def test_an_error_comes_in_its_place_and_stays() -> None:
    pages = Prefetcher(iter(Counted(3)), 5)
    assert [next(pages), next(pages)] == [1, 2]
    for _ in range(2):
        with pytest.raises(LookupError):
            next(pages)
    pages.close(lambda: pytest.fail("there is nothing to wake: whoever comes next needs the client"))


def test_the_end_and_an_early_close() -> None:
    pages = Prefetcher(iter([1]), 1)
    assert list(iter(lambda: next(pages, None), None)) == [1]
    pages.close(lambda: None)
    Prefetcher(iter([1]), 1).close(lambda: None)  # never started


def pages(count: int) -> list[dict[str, object]]:
    return [
        {
            "body": {
                "data": [{"customer_id": str(n), "updated_at": f"2025-01-0{n}T00:00:00Z"}],
                "next_cursor": str(n) if n < count else None,
            }
        }
        for n in range(1, count + 1)
    ]


@pytest.mark.parametrize("ahead", [0, 1, 4])
def test_a_page_that_fails_ahead_costs_none_before_it(ahead: int, bench: Bench, scripted: ScriptedServer) -> None:
    played = pages(4)
    settings = {"paging": "cursor", "max_pages_per_batch": 2, "prefetch_pages": ahead, "retry_attempts": 1}
    scripted.play(*played[:3], {"status": 403})
    run = bench.ingest(scripted.url, **settings)
    assert run.error and run.error.code == "SOURCE_ACCESS_DENIED"
    assert bench.column("customer_id") == ["1", "2"]
    assert bench.manifests()[-1]["watermark"]["resume"]["position"] == {"paging": "cursor", "cursor": "2"}
    scripted.play(*played[2:])
    assert bench.ingest(scripted.url, **settings).error is None
    assert bench.column("customer_id") == ["1", "2", "3", "4"]
    assert scripted.requests()[0]["path"] == "/list?cursor=2"


class _LakeThatIsFull(LocalRawLake):
    """Takes no second batch."""

    def stage(self, run_id: str, source: str) -> LocalStagedBatch:
        if self.newest(source):
            raise LakeUnavailable("no space left")
        return super().stage(run_id, source)


def test_a_failing_lake_ends_what_is_fetched_ahead(bench: Bench, scripted: ScriptedServer) -> None:
    drip = {"body": "x", "repeat": 100_000, "drip": True}  # would take over an hour
    scripted.play(*pages(3)[:1], drip)
    lake = _LakeThatIsFull(bench.root, "customers")
    run = bench.ingest(scripted.url, paging="cursor", max_pages_per_batch=1, page_timeout_seconds=9_999, lake=lake)
    assert run.error and run.error.code == "LAKE_UNAVAILABLE"
    assert bench.column("customer_id") == ["1"]


def test_a_failing_lake_ends_a_wait_for_the_api(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play(*pages(3)[:1], {"status": 429, "headers": {"Retry-After": "3600"}})
    lake = _LakeThatIsFull(bench.root, "customers")
    run = bench.ingest(scripted.url, paging="cursor", max_pages_per_batch=1, deadline_seconds=9_999, lake=lake)
    assert run.error and run.error.code == "LAKE_UNAVAILABLE"

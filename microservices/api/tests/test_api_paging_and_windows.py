"""Every record exactly once: over each way of paging, from run to run, and after a crash."""

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
from demo.partner_api import FIELD_MAP
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.run import Run
from ingestion_kernel.infrastructure.storage.local import LocalRawLake, LocalStagedBatch

KINDS = ["none", "page", "offset", "cursor", "next_link"]


def partner_settings(paging: str, **changes: Any) -> dict[str, Any]:
    settings = {
        "paging": paging,
        "size_param": "page_size",
        "page_size": 10,
        "next_path": "next_cursor" if paging == "cursor" else "next",
        "since_param": "updated_since",
        "field_map": FIELD_MAP,
    }
    return settings | changes


def records(count: int, per_moment: int = 3) -> list[str]:
    """Records of which a few at a time share their moment of change."""
    return [partner_record(n, f"2025-04-01T10:{n // per_moment:02d}:00Z") for n in range(count)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "raw")


def succeeded(run: Run) -> Run:
    assert run.error is None, run.error
    return run


def ids(bench: Bench) -> Counter[str]:
    return Counter(bench.column("purchase_id"))


@pytest.mark.parametrize("paging", KINDS)
def test_all_rows_come_once_and_the_second_run_publishes_nothing(
    paging: str, bench: Bench, partner: PartnerServer
) -> None:
    partner.write(*records(37))
    run = succeeded(bench.ingest(partner.url(paging), **partner_settings(paging)))
    assert ids(bench) == {f"P{n:05d}": 1 for n in range(37)}
    assert (run.rows_written, run.rows_read) == (37, 37)
    assert bench.manifests()[0]["details"]["paging"] == paging
    before = sorted(bench.root.rglob("*"))
    again = succeeded(bench.ingest(partner.url(paging), **partner_settings(paging)))
    assert (again.batches, again.rows_written) == ([], 0)
    assert [path for path in sorted(bench.root.rglob("*")) if "_staging" not in path.parts] == [
        path for path in before if "_staging" not in path.parts
    ]


@pytest.mark.parametrize("paging", KINDS)
def test_small_batches_hold_the_same_rows(paging: str, bench: Bench, partner: PartnerServer) -> None:
    partner.write(*records(37))
    settings = partner_settings(paging, max_pages_per_batch=1)
    run = succeeded(bench.ingest(partner.url(paging), **settings))
    assert ids(bench) == {f"P{n:05d}": 1 for n in range(37)}
    assert len(run.batches) >= (1 if paging == "none" else 4)
    last = bench.manifests()[-1]["watermark"]
    assert last["resume"] is None and last["since"] == "2025-04-01T10:12:00Z"
    assert succeeded(bench.ingest(partner.url(paging), **settings)).batches == []


def test_new_rows_at_the_known_moment_and_after_it_are_picked_up(bench: Bench, partner: PartnerServer) -> None:
    rows = records(9)
    partner.write(*rows)
    succeeded(bench.ingest(partner.url("page"), **partner_settings("page")))
    partner.write(*rows, partner_record(70, "2025-04-01T07:02:00-03:00"), partner_record(71, "2025-04-02T00:00:00Z"))
    run = succeeded(bench.ingest(partner.url("page"), **partner_settings("page")))
    assert run.rows_written == 2
    assert ids(bench) == {f"P{n:05d}": 1 for n in [*range(9), 70, 71]}
    assert bench.manifests()[-1]["details"]["records_known"] == 3


def test_a_row_that_joins_the_boundary_is_known_from_then_on(bench: Bench, partner: PartnerServer) -> None:
    settings = partner_settings("page")
    rows = [partner_record(n, "2025-04-01T10:00:00Z") for n in range(3)]
    for known in (1, 2, 3, 3):
        partner.write(*rows[:known])
        succeeded(bench.ingest(partner.url("page"), **settings))
    assert bench.column("purchase_id") == ["P00000", "P00001", "P00002"]
    assert len(bench.manifests()[-1]["watermark"]["boundary"]) == 3


def test_a_changed_record_comes_again_with_its_new_moment(bench: Bench, partner: PartnerServer) -> None:
    rows = records(5)
    partner.write(*rows)
    succeeded(bench.ingest(partner.url("cursor"), **partner_settings("cursor")))
    partner.write(*rows[:4], partner_record(4, "2025-04-05T00:00:00Z", amount="99.90"))
    succeeded(bench.ingest(partner.url("cursor"), **partner_settings("cursor")))
    assert bench.column("total_amount") == ["10.00"] * 5 + ["99.90"]


def test_full_mode_takes_everything_and_knows_the_same_content(bench: Bench, partner: PartnerServer) -> None:
    partner.write(*records(12))
    settings = partner_settings("offset")
    succeeded(bench.ingest(partner.url("offset"), **settings))
    full = succeeded(bench.ingest(partner.url("offset"), mode=Mode.FULL, **settings))
    assert (full.rows_written, len(full.batches[0])) == (12, 64)
    again = succeeded(bench.ingest(partner.url("offset"), mode=Mode.FULL, **settings))
    assert (again.rows_written, again.duplicates) == (0, 1)
    assert succeeded(bench.ingest(partner.url("offset"), **settings)).batches == [], "full must not move the watermark"


def test_an_api_without_a_since_parameter_is_filtered_here(bench: Bench, partner: PartnerServer) -> None:
    rows = records(9)
    settings = partner_settings("page", since_param=None)
    partner.write(*rows)
    succeeded(bench.ingest(partner.url("page"), **settings))
    partner.write(*rows, partner_record(50, "2025-06-01T00:00:00Z"))
    assert succeeded(bench.ingest(partner.url("page"), **settings)).rows_written == 1
    assert bench.manifests()[-1]["details"]["records_before_window"] == 6


def test_the_window_is_frozen_where_the_api_takes_an_upper_bound(bench: Bench, partner: PartnerServer) -> None:
    partner.write(partner_record(1, "2025-04-01T10:00:00Z"), partner_record(2, "2999-01-01T00:00:00Z"))
    settings = partner_settings("cursor", until_param="updated_before", settle_seconds=60)
    succeeded(bench.ingest(partner.url("cursor"), **settings))
    assert bench.column("purchase_id") == ["P00001"]
    assert bench.manifests()[0]["details"]["until"].endswith("Z")


class _LakeThatDies(LocalRawLake):
    """The power goes out when batch number `last + 1` is staged."""

    def __init__(self, root: Path, last: int) -> None:
        super().__init__(root, "customers")
        self._left = last

    def stage(self, run_id: str, source: str) -> LocalStagedBatch:
        if not self._left:
            raise SystemError("power cut")
        self._left -= 1
        return super().stage(run_id, source)


@pytest.mark.parametrize("paging", ["page", "offset", "cursor", "next_link"])
@pytest.mark.parametrize("survived", [1, 2, 3])
def test_after_a_crash_between_batches_each_row_is_there_once(
    paging: str, survived: int, bench: Bench, partner: PartnerServer
) -> None:
    partner.write(*records(37))
    settings = partner_settings(paging, max_pages_per_batch=1)
    broken = bench.ingest(partner.url(paging), lake=_LakeThatDies(bench.root, survived), **settings)
    assert broken.error and len(broken.batches) == survived
    assert sum(ids(bench).values()) == 10 * survived
    resume = bench.manifests()[-1]["watermark"]["resume"]
    assert resume and resume["position"]["paging"] == paging
    partner.write(*records(37), partner_record(90, "2025-04-09T00:00:00Z"))
    succeeded(bench.ingest(partner.url(paging), **settings))
    assert ids(bench) == {f"P{n:05d}": 1 for n in [*range(37), 90]}
    assert succeeded(bench.ingest(partner.url(paging), **settings)).batches == []


def test_a_resumed_window_that_has_no_more_rows_is_closed(bench: Bench, scripted: ScriptedServer) -> None:
    row = {"customer_id": "1", "updated_at": "2025-01-01T00:00:00Z"}
    settings: dict[str, Any] = {"paging": "page", "max_pages_per_batch": 1}
    scripted.play({"body": {"data": [row]}}, {"status": 404})
    assert bench.ingest(scripted.url, **settings).error
    scripted.play({"body": {"data": []}})
    succeeded(bench.ingest(scripted.url, **settings))
    assert [request["path"] for request in scripted.requests()] == ["/list?page=2", "/list?page=1"]
    closing = bench.manifests()[-1]
    assert (closing["rows_written"], closing["watermark"]["resume"]) == (0, None)
    assert closing["watermark"]["since"] == row["updated_at"]


def test_a_boundary_that_was_seen_before_the_crash_is_known_after_it(bench: Bench, scripted: ScriptedServer) -> None:
    rows = [{"customer_id": str(n), "updated_at": f"2025-01-01T00:00:0{m}Z"} for n, m in ((1, 5), (2, 5), (3, 1))]
    settings: dict[str, Any] = {"paging": "offset", "max_pages_per_batch": 1}
    undated = {"customer_id": "0"}
    scripted.play({"body": {"data": [rows[0], undated]}}, {"body": {"data": [rows[1]]}}, {"status": 403})
    assert bench.ingest(scripted.url, **settings).error
    scripted.play({"body": {"data": rows[2:]}}, {"body": {"data": []}})
    succeeded(bench.ingest(scripted.url, **settings | {"max_pages_per_batch": 3}))
    scripted.play({"body": {"data": [*rows[:2], undated]}}, {"body": {"data": []}})
    assert succeeded(bench.ingest(scripted.url, **settings)).batches == []
    assert bench.column("customer_id") == ["1", "0", "2", "3"]


def test_a_cursor_that_has_expired_restarts_its_window(bench: Bench, scripted: ScriptedServer) -> None:
    first, second = ({"customer_id": str(n), "updated_at": f"2025-01-0{n}T00:00:00Z"} for n in (1, 2))
    settings: dict[str, Any] = {"paging": "cursor", "max_pages_per_batch": 1}
    scripted.play({"body": {"data": [first], "next_cursor": "old"}}, {"status": 400})
    assert bench.ingest(scripted.url, **settings).error
    scripted.play({"status": 410}, {"body": {"data": [first, second], "next_cursor": None}})
    succeeded(bench.ingest(scripted.url, **settings))
    assert set(bench.column("customer_id")) == {"1", "2"}
    assert bench.manifests()[-1]["watermark"]["resume"] is None


def test_pages_need_not_be_sorted(bench: Bench, scripted: ScriptedServer) -> None:
    rows = [{"customer_id": str(n), "updated_at": f"2025-01-0{n}T00:00:00Z"} for n in (3, 1, 2)]
    settings: dict[str, Any] = {"paging": "page", "since_param": "since", "max_pages_per_batch": 1}
    scripted.play(*({"body": {"data": [row]}} for row in rows), {"status": 403})
    assert bench.ingest(scripted.url, **settings).error
    assert bench.manifests()[-1]["watermark"]["since"] is None, "since moves at the end of a window only"
    scripted.play({"body": {"data": []}})
    succeeded(bench.ingest(scripted.url, **settings))
    assert bench.column("customer_id") == ["3", "1", "2"]
    assert [request["path"] for request in scripted.requests()] == [
        "/list?page=4",
        "/list?since=2025-01-03T00%3A00%3A00Z&page=1",
    ]


def test_records_without_a_usable_cursor_are_taken_once(bench: Bench, scripted: ScriptedServer) -> None:
    rows: list[Any] = [{"customer_id": "1"}, {"customer_id": "2", "updated_at": "soon"}, {"customer_id": "3"}, "bare"]
    rows[2]["updated_at"] = "2025-01-01T00:00:00Z"
    scripted.play({"body": {"data": rows}})
    succeeded(bench.ingest(scripted.url, paging="none"))
    assert bench.rows()[-1] == {"_extra": {"_record": "bare"}}
    assert succeeded(bench.ingest(scripted.url, paging="none")).batches == []
    scripted.play({"body": {"data": [*rows, {"customer_id": "4", "updated_at": None}]}})
    assert succeeded(bench.ingest(scripted.url, paging="none")).rows_written == 1


def test_raw_keeps_digits_columns_and_unknown_fields(bench: Bench, partner: PartnerServer) -> None:
    partner.write(partner_record(1, "2025-04-01T10:00:00Z", amount="1234567890123456.10"))
    succeeded(bench.ingest(partner.url("none"), **partner_settings("none")))
    (line,) = bench.lines()
    assert json.loads(line) == {
        "customer_id": "C00001",
        "cpf": "529.982.247-25",
        "first_name": "Ana",
        "last_name": "Souza",
        "email": "ana1@example.com",
        "credit_card_number": "4111111111111111",
        "purchase_date": "2025-03-31",
        "total_amount": "1234567890123456.10",
        "product": "Cafeteira",
        "store_location": "São Paulo",
        "purchase_id": "P00001",
        "updated_at": "2025-04-01T10:00:00Z",
        "_extra": {"customer": {"phone": "+55 11 5555-0100"}},
    }
    assert list(json.loads(line))[0] == "customer_id", "contract order"


@pytest.mark.parametrize("bounds", [{}, {"until_param": "until"}], ids=["no upper bound", "an upper bound"])
def test_a_record_that_changes_while_later_pages_are_read_is_not_lost(
    bounds: dict[str, str], bench: Bench, scripted: ScriptedServer
) -> None:
    now = datetime.now(UTC) - timedelta(minutes=1)  # by the API's clock, which is behind ours

    def record(name: str, moment: datetime) -> dict[str, str]:
        return {"customer_id": name, "updated_at": moment.isoformat()}

    early, late = record("early", now - timedelta(hours=1)), record("late", now + timedelta(seconds=20))
    changed = record("early", now + timedelta(seconds=10))
    first = [{"data": [early], "next": "?page=2"}, {"data": [late]}]
    scripted.play(*({"body": page} for page in [*first, {"data": [changed], "next": "?page=2"}, {"data": [late]}]))
    settings: dict[str, Any] = {"paging": "next_link", "next_path": "next", "next_optional": True, **bounds}
    succeeded(bench.ingest(scripted.url, since_param="since", **settings))
    succeeded(bench.ingest(scripted.url, since_param="since", **settings))
    assert bench.column("customer_id") == ["early", "late", "early"]
    asked = [parse_qs(urlsplit(request["path"]).query).get("since") for request in scripted.requests()]
    assert asked[2] == [early["updated_at"]]
    assert bench.manifests()[-1]["watermark"]["as_of"] == late["updated_at"]


@pytest.mark.parametrize("relation", ['"next"', "NEXT", '"last next"'])
def test_link_headers_are_followed_to_their_end(relation: str, bench: Bench, scripted: ScriptedServer) -> None:
    link = {"Link": f"<?after=1>; rel={relation}"}
    rows = [{"customer_id": str(n), "updated_at": "2025-01-01T00:00:00Z"} for n in (1, 2)]
    scripted.play({"body": [rows[0]], "headers": link}, {"body": [rows[1]]})
    succeeded(bench.ingest(scripted.url, paging="link_header", records_path="."))
    assert bench.column("customer_id") == ["1", "2"]
    assert [request["path"] for request in scripted.requests()] == ["/list", "/list?after=1"]


@pytest.mark.parametrize(
    ("stop", "requests"), [({}, 3), ({"short_page_ends": True, "size_param": "n"}, 2), ({"has_more_path": "more"}, 2)]
)
def test_stop_rules_of_numbered_pages(
    stop: dict[str, Any], requests: int, bench: Bench, scripted: ScriptedServer
) -> None:
    rows = [{"customer_id": str(n), "updated_at": "2025-01-01T00:00:00Z"} for n in (1, 2, 3)]
    pages = [{"data": rows[:2], "more": True}, {"data": rows[2:], "more": False}, {"data": []}]
    scripted.play(*({"body": page} for page in pages))
    succeeded(bench.ingest(scripted.url, paging="offset", page_size=2, **stop))
    assert bench.column("customer_id") == ["1", "2", "3"]
    assert len(scripted.requests()) == requests

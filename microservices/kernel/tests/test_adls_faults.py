"""What only a network does to the ADLS adapter, and what it must not send."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from fake_dfs.entries import Account, HandClock
from fake_dfs.faults import (
    Fault,
    is_any,
    is_append,
    is_create,
    is_delete,
    is_download,
    is_flush,
    is_list,
    is_make_directory,
    is_rename,
)
from fake_dfs.server import FakeDfs, running
from kernel_fakes import wait_for
from lake_helpers import adls, manifest_of, publish, stage

from ingestion_kernel.domain.batch import BatchKey
from ingestion_kernel.domain.exceptions import BatchExists, LakeUnavailable
from ingestion_kernel.infrastructure.storage.adls import AdlsRawLake
from ingestion_kernel.infrastructure.storage.retry import Retry, retry_after

FIRST = BatchKey.sequence(1)
FOLDER = f"csv/customers/batch={FIRST.text}"


@pytest.fixture
def server() -> Iterator[FakeDfs]:
    with running(Account(HandClock())) as fake:
        yield fake


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def lake(server: FakeDfs, waits: list[float]) -> AdlsRawLake:
    return adls(server.url, retry=Retry(sleep=waits.append))


@pytest.mark.parametrize("source_first", [False, True], ids=["retry says 409", "retry says 404"])
def test_a_rename_whose_reply_was_lost_is_known_as_ours(server: FakeDfs, lake: AdlsRawLake, source_first: bool) -> None:
    server.account.rename_looks_at_source_first = source_first
    server.faults.append(Fault(is_rename, drop_reply=True))
    publish(lake, FIRST)
    assert sum(is_rename(call.method, dict(call.query)) for call in server.calls) == 2
    newest = lake.newest("csv")
    assert newest and newest.run_id == "run-1"


@pytest.mark.parametrize("source_first", [False, True])
def test_a_lost_reply_does_not_turn_anothers_batch_into_ours(
    server: FakeDfs, lake: AdlsRawLake, source_first: bool
) -> None:
    publish(lake, FIRST, "run-1")
    server.account.rename_looks_at_source_first = source_first
    server.faults.append(Fault(is_rename, drop_reply=True))
    with pytest.raises(BatchExists):
        publish(lake, FIRST, "run-2")


MADE_BY_A_PUBLISH = [is_make_directory, is_create, is_append, is_flush, is_list, is_rename]


@pytest.mark.parametrize("call", MADE_BY_A_PUBLISH, ids=lambda call: call.__name__)
@pytest.mark.parametrize(
    "accident",
    [{"drop_reply": True}, {"drop_request": True}, {"take_only": 3}, {"cut_reply_at": 0}, {"delay": 0.05}],
    ids=lambda accident: next(iter(accident)),
)
def test_what_befalls_one_call_is_repaired_by_repeating_it(
    server: FakeDfs, lake: AdlsRawLake, call: object, accident: dict[str, object]
) -> None:
    server.faults.append(Fault(call, **accident))  # type: ignore[arg-type]
    publish(lake, FIRST)
    assert lake.newest("csv") == manifest_of(FIRST)
    assert server.account.containers["raw"][f"{FOLDER}/part-00000.jsonl"].data == b"one\ntwo\n"
    assert not server.faults


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_a_manifest_that_is_cut_on_the_way_is_read_again(server: FakeDfs, lake: AdlsRawLake, cut: int) -> None:
    publish(lake, FIRST)
    server.faults.append(Fault(is_download, cut_reply_at=cut))
    assert lake.find("csv", FIRST) == manifest_of(FIRST)
    assert not server.faults


@pytest.mark.parametrize("accident", [{"drop_reply": True}, {"drop_request": True}], ids=["done", "not done"])
def test_a_deletion_whose_reply_was_lost_is_done_all_the_same(
    server: FakeDfs, lake: AdlsRawLake, accident: dict[str, bool]
) -> None:
    staged = stage(lake)
    server.faults.append(Fault(is_delete, **accident))  # type: ignore[arg-type]
    staged.discard()
    assert not any("run-1" in path for path in server.account.containers["raw"])
    assert not server.faults


def test_a_sweep_whose_reply_was_lost_is_done_all_the_same(server: FakeDfs) -> None:
    lake = adls(server.url, retry=Retry(sleep=lambda seconds: None), now=lambda: server.account.clock() + 3600)
    stage(lake)
    server.faults.append(Fault(is_delete, drop_reply=True))
    assert lake.sweep("csv", 1800) == 1
    assert not any("run-1" in path for path in server.account.containers["raw"])


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "sent_at"),
    [(7, None), ("Tue, 14 Nov 2023 22:13:27 GMT", "Tue, 14 Nov 2023 22:13:20 GMT")],
    ids=["seconds", "date"],
)
def test_a_busy_service_is_not_called_before_retry_after(
    server: FakeDfs, lake: AdlsRawLake, waits: list[float], status: int, asked: int | str, sent_at: str | None
) -> None:
    server.faults.append(Fault(is_append, status=status, retry_after=asked, sent_at=sent_at))
    publish(lake, FIRST)
    assert lake.find("csv", FIRST) == manifest_of(FIRST)
    assert len(waits) == 1 and 7 <= waits[0] < 30


@pytest.mark.parametrize("asked", ["", "soon", "-5", "1.5", "²", "Tue, 99 Nov 2023 22:13:27 GMT"])
def test_a_retry_after_that_says_nothing_is_no_wait(asked: str) -> None:
    assert retry_after({"Retry-After": asked}) == 0


def test_a_date_that_has_passed_is_no_wait_and_one_without_a_date_to_compare_is_taken_by_our_clock() -> None:
    assert retry_after({"Retry-After": "Tue, 14 Nov 2023 22:13:20 GMT", "Date": "Tue, 14 Nov 2023 22:13:27 GMT"}) == 0
    assert retry_after({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}) > 1e9


def test_a_service_that_stays_busy_ends_the_run_with_its_status(
    server: FakeDfs, lake: AdlsRawLake, waits: list[float]
) -> None:
    for _ in range(6):
        server.faults.append(Fault(is_any, status=503))
    with pytest.raises(LakeUnavailable, match="HTTP 503 ServerBusy"):
        lake.stage("run-1", "csv")
    assert len(waits) == 5


def test_a_wait_longer_than_the_bound_is_not_begun(server: FakeDfs, lake: AdlsRawLake, waits: list[float]) -> None:
    server.faults.append(Fault(is_any, status=429, retry_after=3600))
    with pytest.raises(LakeUnavailable, match="429"):
        lake.stage("run-1", "csv")
    assert waits == []


def test_a_refusal_is_not_repeated_and_tells_which_role_is_needed(
    server: FakeDfs, lake: AdlsRawLake, waits: list[float]
) -> None:
    server.faults.append(Fault(is_any, status=403))
    with pytest.raises(LakeUnavailable) as refused:
        lake.stage("run-1", "csv")
    assert "Storage Blob Data Contributor" in refused.value.advice
    assert waits == []


def test_a_missing_container_is_told(server: FakeDfs) -> None:
    with pytest.raises(LakeUnavailable, match="FilesystemNotFound") as missing:
        adls(server.url.replace("/raw", "/nowhere")).newest("csv")
    assert "Create the container" in missing.value.advice


def test_an_unreachable_service_is_told_without_its_address(waits: list[float]) -> None:
    lake = adls("http://127.0.0.1:1/devaccount/raw", retry=Retry(sleep=waits.append))
    with pytest.raises(LakeUnavailable) as unreachable:
        lake.newest("csv")
    assert "devaccount" not in str(unreachable.value)
    assert len(waits) == 5


def test_discard_never_raises(server: FakeDfs, lake: AdlsRawLake) -> None:
    staged = stage(lake)
    server.faults.append(Fault(is_any, status=403))
    staged.discard()
    assert not server.faults


def test_a_failing_append_under_way_ends_the_batch(server: FakeDfs, lake: AdlsRawLake) -> None:
    """The source is told at its next write, or at the latest when the part is closed."""
    staged = lake.stage("run-1", "csv")
    part = staged.open_part("part-00000.jsonl")
    server.faults.append(Fault(is_append, status=403))
    with pytest.raises(LakeUnavailable, match="cannot write a part: HTTP 403"):
        part.write(b"x" * (9 * 1024 * 1024))
        part.close()
    staged.discard()
    assert lake.newest("csv") is None


def test_a_batch_given_up_does_not_wait_for_an_append_that_is_to_be_repeated(server: FakeDfs) -> None:
    lake = adls(server.url)
    staged = lake.stage("run-1", "csv")
    part = staged.open_part("part-00000.jsonl")
    server.faults.append(Fault(is_append, status=503, retry_after=120))
    part.write(b"x" * (9 * 1024 * 1024))
    wait_for(lambda: any(call.query.get("action") == "append" for call in server.calls))
    staged.discard()
    wait_for(lambda: not any(thread.name.startswith("lake-append") for thread in threading.enumerate()))
    assert not any("run-1" in path for path in server.account.containers["raw"])


def test_what_is_sent(server: FakeDfs, lake: AdlsRawLake) -> None:
    staged = lake.stage("run-1", "csv")
    part = staged.open_part("part-00000.jsonl")
    part.write(b"x" * (20 * 1024 * 1024))
    part.close()
    staged.publish(manifest_of(FIRST, parts={"part-00000.jsonl": b"x" * (20 * 1024 * 1024)}))
    staged.discard()
    appends = [call.headers for call in server.calls if call.query.get("action") == "append"]
    assert max(int(headers["Content-Length"]) for headers in appends) == 8 * 1024 * 1024
    assert all("Content-MD5" in headers for headers in appends)
    flushes = [call.query for call in server.calls if call.query.get("action") == "flush"]
    assert (flushes[0]["position"], flushes[0]["close"]) == ("20971520", "true")
    (rename,) = [call for call in server.calls if is_rename(call.method, dict(call.query))]
    assert (rename.container, rename.path) == ("raw", FOLDER)
    assert rename.headers["If-None-Match"] == "*"
    assert rename.headers["x-ms-rename-source"].startswith("/raw/_staging/csv/run-1-")
    assert server.calls[-1] is rename, "a published batch needs no clearing up"

"""Our ADLS server refuses what the service refuses: else tests against it would prove nothing. Driven by the SDK."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from azure.core import MatchConditions
from azure.storage.filedatalake import FileSystemClient
from dfs_client import container_at, refused, written
from fake_dfs.entries import Account, HandClock
from fake_dfs.server import FakeDfs, running


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def server(clock: HandClock) -> Iterator[FakeDfs]:
    with running(Account(clock)) as fake:
        yield fake


@pytest.fixture
def raw(server: FakeDfs) -> FileSystemClient:
    return container_at(server)


def test_a_rename_does_not_make_the_targets_parents(raw: FileSystemClient) -> None:
    written(raw, "_staging/one/part")
    staged = raw.get_directory_client("_staging/one")
    call = lambda: staged.rename_directory("raw/csv/batch=1")  # noqa: E731
    assert refused(call) == (404, "RenameDestinationParentPathNotFound")
    raw.create_directory("csv")
    call()
    assert raw.get_file_client("csv/batch=1/part").download_file().readall() == b"data"
    assert not staged.exists()


def test_a_conditional_rename_does_not_replace_its_target(raw: FileSystemClient) -> None:
    raw.create_directory("target")
    source = raw.create_directory("source")
    call = lambda: source.rename_directory("raw/target", match_condition=MatchConditions.IfMissing)  # noqa: E731
    assert refused(call) == (409, "PathAlreadyExists")


def test_a_rename_of_nothing(raw: FileSystemClient) -> None:
    call = lambda: raw.get_directory_client("nothing").rename_directory("raw/target")  # noqa: E731
    assert refused(call) == (404, "SourcePathNotFound")


def test_a_rename_source_has_no_account_in_front(server: FakeDfs, raw: FileSystemClient) -> None:
    written(raw, "one")
    headers = {"Authorization": "any", "x-ms-rename-source": "/devaccount/raw/one"}
    reply = httpx.put(f"{server.url}/two", params={"mode": "legacy"}, headers=headers)
    assert (reply.status_code, reply.headers["x-ms-error-code"]) == (400, "InvalidRenameSourcePath")
    assert reply.json()["error"]["code"] == "InvalidRenameSourcePath"


def test_a_conditional_create_does_not_replace_and_an_unconditional_one_truncates(raw: FileSystemClient) -> None:
    file = written(raw, "one")
    file.append_data(b"more", 4, 4)
    before = file.get_file_properties().etag
    assert refused(lambda: file.create_file(match_condition=MatchConditions.IfMissing)) == (409, "PathAlreadyExists")
    assert file.get_file_properties().size == 4
    file.create_file()
    after = file.get_file_properties()
    assert (after.size, after.etag != before) == (0, True)
    assert refused(lambda: file.flush_data(8)) == (400, "InvalidFlushPosition"), "what was appended is gone too"


def test_a_flush_takes_what_is_contiguous_and_nothing_else(raw: FileSystemClient) -> None:
    file = raw.create_file("one")
    empty = file.get_file_properties()
    file.append_data(b"cd", 2, 2)
    assert refused(lambda: file.flush_data(4)) == (400, "InvalidFlushPosition")
    file.append_data(b"ab", 0, 2)
    assert file.get_file_properties().etag == empty.etag, "an append shows nothing"
    assert refused(lambda: file.flush_data(3)) == (400, "InvalidFlushPosition")
    file.flush_data(4)
    assert file.download_file().readall() == b"abcd"
    assert file.get_file_properties().etag != empty.etag


def test_a_flush_needs_a_position(server: FakeDfs, raw: FileSystemClient) -> None:
    written(raw, "one")
    headers = {"Authorization": "any"}
    reply = httpx.patch(f"{server.url}/one", params={"action": "flush"}, headers=headers)
    assert (reply.status_code, reply.headers["x-ms-error-code"]) == (400, "MissingRequiredQueryParameter")


def test_a_flush_on_condition_of_a_stale_etag(raw: FileSystemClient) -> None:
    file = raw.create_file("one")
    stale = file.get_file_properties().etag
    written(raw, "one")
    call = lambda: file.flush_data(4, etag=stale, match_condition=MatchConditions.IfNotModified)  # noqa: E731
    assert refused(call) == (412, "ConditionNotMet")


def test_appends_that_are_refused(server: FakeDfs, raw: FileSystemClient) -> None:
    file = raw.create_file("one")
    assert refused(lambda: file.append_data(b"", 0, 0)) == (400, "InvalidInput")
    assert refused(lambda: raw.get_file_client("two").append_data(b"x", 0, 1)) == (404, "PathNotFound")
    headers = {"Authorization": "any", "Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}  # of nothing
    reply = httpx.patch(f"{server.url}/one", params={"action": "append", "position": 0}, headers=headers, content=b"x")
    assert (reply.status_code, reply.headers["x-ms-error-code"]) == (400, "Md5Mismatch")
    assert httpx.get(f"{server.url}/one").status_code == 401, "no Authorization at all"


def test_a_file_cannot_be_a_directory(raw: FileSystemClient) -> None:
    written(raw, "one")
    assert refused(lambda: raw.create_file("one/two")) == (409, "PathConflict")
    assert refused(lambda: raw.create_directory("one")) == (409, "PathAlreadyExists")


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_list_is_continued_page_by_page(server: FakeDfs, raw: FileSystemClient, size: int) -> None:
    names = [f"folder/{name}" for name in ("a", "b", "c=1", "d é", "e")]
    for name in names:
        raw.create_file(name)
    server.account.page_size = size
    server.calls.clear()
    assert [path.name for path in raw.get_paths("folder")] == names
    assert len(server.calls) == -(-len(names) // size)
    assert [path.name for path in raw.get_paths(recursive=False)] == ["folder"]
    assert refused(lambda: list(raw.get_paths("nothing"))) == (404, "PathNotFound")


@pytest.mark.parametrize("data", [b"", b"data"])
def test_a_range_that_begins_at_the_end_is_refused(raw: FileSystemClient, data: bytes) -> None:
    file = raw.create_file("one")
    if data:
        file = written(raw, "one", data)
    assert refused(lambda: file.download_file(offset=len(data), length=1)) == (416, "InvalidRange")


def test_a_directory_with_something_in_it_is_deleted_only_on_request(server: FakeDfs, raw: FileSystemClient) -> None:
    written(raw, "folder/one")
    reply = httpx.delete(f"{server.url}/folder", headers={"Authorization": "any"})
    assert (reply.status_code, reply.headers["x-ms-error-code"]) == (409, "DirectoryNotEmpty")
    raw.delete_directory("folder")
    assert refused(lambda: raw.delete_directory("folder")) == (404, "PathNotFound")
    assert list(raw.get_paths()) == []


def test_a_lease_keeps_others_from_writing_until_it_ends(raw: FileSystemClient, clock: HandClock) -> None:
    file = written(raw, "one")
    lease = file.acquire_lease(15)
    assert refused(lambda: file.append_data(b"x", 4, 1)) == (412, "LeaseIdMissing")
    assert refused(file.create_file) == (412, "LeaseIdMissing")
    assert refused(file.delete_file) == (412, "LeaseIdMissing")
    assert refused(lambda: file.acquire_lease(15)) == (409, "LeaseAlreadyPresent")
    file.append_data(b"x", 4, 1, lease=lease)
    clock.advance(10)
    lease.renew()
    clock.advance(10)
    assert refused(lambda: file.flush_data(5)) == (412, "LeaseIdMissing")
    clock.advance(10)
    file.flush_data(5)
    assert file.get_file_properties().lease.state == "expired"


def test_the_source_of_a_rename_may_be_leased(raw: FileSystemClient) -> None:
    file = written(raw, "one")
    lease = file.acquire_lease(-1)
    assert refused(lambda: file.rename_file("raw/two")) == (412, "LeaseIdMissing")
    file.rename_file("raw/two", source_lease=lease)
    assert not raw.get_file_client("one").exists()


def test_a_broken_lease_is_free_after_its_period(raw: FileSystemClient, clock: HandClock) -> None:
    file = written(raw, "one")
    lease = file.acquire_lease(60)
    assert lease.break_lease(lease_break_period=20) == 20
    assert refused(lease.renew) == (409, "LeaseIsBrokenAndCannotBeRenewed")
    assert refused(lambda: file.acquire_lease(15)) == (409, "LeaseAlreadyPresent")
    clock.advance(21)
    file.acquire_lease(15)

"""Our ADLS server fails when it is told to, and only then."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from azure.core.exceptions import AzureError, ServiceResponseError
from azure.storage.filedatalake import FileSystemClient
from dfs_client import container_at, refused, written
from fake_dfs.entries import Account, HandClock
from fake_dfs.faults import Fault, is_append, is_create, is_download
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


def test_faults_befall_the_call_they_are_for_and_only_once(server: FakeDfs, raw: FileSystemClient) -> None:
    file = written(raw, "one")
    server.faults.append(Fault(is_append, status=429, retry_after=3))
    assert file.exists()
    assert refused(lambda: file.append_data(b"x", 4, 1)) == (429, "ServerBusy")
    file.append_data(b"x", 4, 1)
    assert len(server.faults) == 0


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        (Fault(is_create, drop_reply=True), True),
        (Fault(is_create, drop_request=True), False),
    ],
    ids=["after the work", "before"],
)
def test_a_reply_is_dropped_after_the_work_or_before(
    server: FakeDfs, raw: FileSystemClient, fault: Fault, done: bool
) -> None:
    server.faults.append(fault)
    with pytest.raises(AzureError):
        raw.create_file("one")
    assert raw.get_file_client("one").exists() is done


def test_a_connection_is_cut_in_the_middle_of_a_body(server: FakeDfs, raw: FileSystemClient) -> None:
    file = written(raw, "one", b"x" * 1_000_000)
    server.faults.append(Fault(is_append, take_only=1000))
    with pytest.raises(AzureError):
        file.append_data(b"y" * 10_000_000, 1_000_000, 10_000_000)
    server.faults.append(Fault(is_download, cut_reply_at=1000))
    with httpx.Client(headers={"Authorization": "any"}) as client, pytest.raises(httpx.RemoteProtocolError):
        client.get(f"{server.url}/one")
    assert file.download_file().readall() == b"x" * 1_000_000


def test_a_delay_lets_a_client_run_out_of_patience(server: FakeDfs, raw: FileSystemClient) -> None:
    server.faults.append(Fault(is_create, delay=1))
    with pytest.raises(ServiceResponseError):
        raw.get_file_client("one").create_file(read_timeout=0.1)
    raw.create_file("one")


def test_a_server_that_was_stopped_has_its_account_when_it_is_started_again(clock: HandClock) -> None:
    account = Account(clock)
    with running(account) as first:
        raw = container_at(first)
        written(raw, "one")
    with pytest.raises((AzureError, ServiceResponseError)):
        raw.get_file_client("one").exists()
    with running(account, first.server_address[1]):
        assert raw.get_file_client("one").download_file().readall() == b"data"

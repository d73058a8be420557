"""What our ADLS server claims of the Blob half, tried on it and on Azurite: the two must agree.

Azurite is Microsoft's, but an emulator too, and has no DFS half. Without npm its half is left out loudly; in CI
(CI=true) that is a failure.
"""

from __future__ import annotations

import base64
import os
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential
from azure.storage.blob import BlobClient, BlobServiceClient
from azure.storage.filedatalake import DataLakeFileClient, DataLakeLeaseClient, DataLakeServiceClient, FileSystemClient
from azurite import AzuriteMissing, install, running_azurite
from dfs_client import refused
from fake_dfs.entries import Account
from fake_dfs.server import running

ACCOUNT = "devaccount"
KEY = base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass
class Half:
    """A container, by the SDK of the lake, and by the SDK of blobs, as Azurite can make no file by the former."""

    account: DataLakeServiceClient
    lake: FileSystemClient
    blobs: BlobServiceClient

    def file(self, name: str) -> DataLakeFileClient:
        return self.lake.get_file_client(name)

    def blob(self, name: str) -> BlobClient:
        return self.blobs.get_blob_client(self.lake.file_system_name, name)

    def put(self, name: str, data: bytes = b"0123456789", **options: object) -> DataLakeFileClient:
        self.blob(name).upload_blob(data, overwrite=True, **options)  # type: ignore[arg-type]
        return self.file(name)


@pytest.fixture(scope="module")
def own_url() -> Iterator[str]:
    with running(Account(containers=())) as server:
        yield server.url.rpartition("/")[0]


@pytest.fixture(scope="module")
def azurite_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    assert request.config.cache is not None
    try:
        program = install(request.config.cache.mkdir("azurite"))
    except AzuriteMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"Azurite is required in CI: {missing}")
        pytest.skip(f"AZURITE WAS NOT RUN, so our server was compared with nothing: {missing}")
    with running_azurite(program, tmp_path_factory.mktemp("azurite"), ACCOUNT, KEY) as url:
        yield url


@pytest.fixture(params=["own", "azurite"])
def half(request: pytest.FixtureRequest) -> Half:
    url = request.getfixturevalue(f"{request.param}_url")
    credential = AzureNamedKeyCredential(ACCOUNT, KEY)
    account = DataLakeServiceClient(url, credential=credential, retry_total=0)
    container = account.get_file_system_client(f"raw-{uuid.uuid4().hex[:12]}")
    container.create_file_system()
    return Half(account, container, BlobServiceClient(url, credential=credential, retry_total=0))


def test_a_container_is_made_once(half: Half) -> None:
    assert half.lake.exists()
    assert refused(half.lake.create_file_system) == (409, "ContainerAlreadyExists")


def test_a_container_that_is_missing(half: Half) -> None:
    container = half.account.get_file_system_client("nowhere")
    assert not container.exists()
    assert refused(container.get_file_client("one").download_file) == (404, "ContainerNotFound")
    assert refused(container.get_file_client("one").get_file_properties)[0] == 404


def test_properties_of_a_file(half: Half) -> None:
    properties = half.put("a folder/é=1.json", metadata={"rows": "10"}).get_file_properties()
    assert (properties.size, properties.metadata["rows"]) == (10, "10")
    assert properties.content_settings.content_type == "application/octet-stream"
    assert properties.content_settings.content_md5 == bytearray.fromhex("781e5e245d69b566979b86e28d23f2c7")
    assert (properties.lease.state, properties.lease.status) == ("available", "unlocked")
    assert properties.etag and properties.last_modified


def test_a_file_that_is_missing(half: Half) -> None:
    assert not half.file("one").exists()
    assert refused(half.file("one").get_file_properties)[0] == 404
    assert refused(half.file("one").download_file) == (404, "BlobNotFound")
    assert refused(lambda: half.file("one").acquire_lease(15)) == (404, "BlobNotFound")
    assert refused(lambda: half.file("one").set_metadata({"a": "b"})) == (404, "BlobNotFound")


def test_downloads_whole_and_in_part(half: Half) -> None:
    file = half.put("one")
    assert file.download_file().readall() == b"0123456789"
    assert file.download_file(offset=2, length=3).readall() == b"234"
    assert file.download_file(offset=8, length=100).readall() == b"89"
    assert file.download_file(offset=9).readall() == b"9"


def test_a_range_past_the_end(half: Half) -> None:
    """At exactly the end Azurite answers 206 with `bytes 10-9/10`, against RFC 9110; see test_fake_dfs.py for ours."""
    file = half.put("one")
    assert refused(lambda: file.download_file(offset=11, length=1)) == (416, "InvalidRange")


def test_an_empty_file_has_no_range_and_is_read_as_empty(half: Half) -> None:
    answers: list[int] = []
    hook = lambda response: answers.append(response.http_response.status_code)  # noqa: E731
    assert half.put("one", b"").download_file(raw_response_hook=hook).readall() == b""
    assert answers == [416, 200]


def test_if_none_match_is_a_conflict_and_if_match_a_failed_condition(half: Half) -> None:
    half.put("one")
    stale = half.file("one").get_file_properties().etag
    assert refused(lambda: half.blob("one").upload_blob(b"x")) == (409, "BlobAlreadyExists")
    assert half.put("one", b"new").get_file_properties().etag != stale
    condition = {"etag": stale, "match_condition": MatchConditions.IfNotModified}
    put = lambda: half.blob("one").upload_blob(b"x", overwrite=True, **condition)  # noqa: E731
    assert refused(put) == (412, "ConditionNotMet")
    assert refused(lambda: half.file("one").download_file(**condition)) == (412, "ConditionNotMet")
    assert refused(lambda: half.file("one").set_metadata({"a": "b"}, **condition)) == (412, "ConditionNotMet")
    assert half.file("one").download_file().readall() == b"new"


def test_metadata_is_replaced_and_changes_the_etag(half: Half) -> None:
    file = half.put("one", metadata={"a": "1"})
    before = file.get_file_properties().etag
    file.set_metadata({"b": "2"})
    after = file.get_file_properties()
    assert after.metadata == {"b": "2"} and after.etag != before


def test_a_lease_keeps_others_from_writing(half: Half) -> None:
    file = half.put("one")
    lease = file.acquire_lease(15)
    properties = file.get_file_properties()
    assert (properties.lease.state, properties.lease.status) == ("leased", "locked")
    assert refused(lambda: half.put("one")) == (412, "LeaseIdMissing")
    assert refused(lambda: file.set_metadata({"a": "b"})) == (412, "LeaseIdMissing")
    other = str(uuid.uuid4())
    assert refused(lambda: half.put("one", lease=other)) == (412, "LeaseIdMismatchWithBlobOperation")
    half.put("one", b"by the holder", lease=lease.id)
    assert file.download_file().readall() == b"by the holder"


def test_a_lease_is_acquired_by_one(half: Half) -> None:
    file = half.put("one")
    lease = file.acquire_lease(-1)
    assert refused(lambda: file.acquire_lease(15)) == (409, "LeaseAlreadyPresent")
    assert file.acquire_lease(15, lease_id=lease.id).id == lease.id
    assert refused(lambda: file.acquire_lease(5, lease_id=lease.id))[0] == 400


def test_a_lease_is_renewed_changed_and_released_by_its_id(half: Half) -> None:
    file = half.put("one")
    lease = file.acquire_lease(15)
    stranger = file.acquire_lease(15, lease_id=lease.id)
    lease.renew()
    lease.change(str(uuid.uuid4()))
    assert refused(stranger.renew) == (409, "LeaseIdMismatchWithLeaseOperation")
    assert refused(stranger.release) == (409, "LeaseIdMismatchWithLeaseOperation")
    held = lease.id
    lease.release()
    assert file.get_file_properties().lease.state == "available"
    half.put("one")
    assert refused(lambda: half.put("one", lease=held)) == (412, "LeaseNotPresentWithBlobOperation")


def test_a_lease_is_broken_without_its_id(half: Half) -> None:
    file = half.put("one")
    lease = file.acquire_lease(-1)
    assert lease.break_lease() == 0
    assert file.get_file_properties().lease.state == "broken"
    assert refused(lease.renew) == (409, "LeaseIsBrokenAndCannotBeRenewed")
    file.acquire_lease(15)


def test_a_lease_that_is_breaking_is_nobodys(half: Half) -> None:
    file = half.put("one")
    lease = file.acquire_lease(60)
    assert 0 < lease.break_lease(lease_break_period=50) <= 50
    assert file.get_file_properties().lease.state == "breaking"
    assert refused(lambda: file.acquire_lease(15)) == (409, "LeaseAlreadyPresent")
    assert refused(lambda: lease.change(str(uuid.uuid4()))) == (409, "LeaseIsBreakingAndCannotBeChanged")


def test_a_lease_that_is_not_there_cannot_be_broken(half: Half) -> None:
    lease = DataLakeLeaseClient(half.put("one"))
    assert refused(lease.break_lease) == (409, "LeaseNotPresentWithLeaseOperation")

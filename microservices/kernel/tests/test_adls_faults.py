"""What only a network does to the ADLS adapter, and what it must not send."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_dfs import FakeDfs, Fault
from lake_helpers import adls, manifest_of, publish, running, stage
from pydantic import SecretStr

from ingestion_kernel.domain.batch import BatchKey
from ingestion_kernel.domain.exceptions import BatchExists, ConfigurationInvalid, LakeUnavailable
from ingestion_kernel.infrastructure.storage.adls import AdlsRawLake
from ingestion_kernel.infrastructure.storage.adls_calls import Retry, connect
from ingestion_kernel.infrastructure.storage.location import AdlsLocation, parse_raw_url

FIRST = BatchKey.sequence(1)
FOLDER = f"csv/customers/batch={FIRST.text}"


@pytest.fixture
def server() -> Iterator[FakeDfs]:
    with running() as fake:
        yield fake


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def lake(server: FakeDfs, waits: list[float]) -> AdlsRawLake:
    return adls(server.url, retry=Retry(sleep=waits.append))


def is_rename(method: str, query: dict[str, str]) -> bool:
    return method == "PUT" and query.get("mode") == "legacy"


def is_append(method: str, query: dict[str, str]) -> bool:
    return query.get("action") == "append"


def is_flush(method: str, query: dict[str, str]) -> bool:
    return query.get("action") == "flush"


def is_create(method: str, query: dict[str, str]) -> bool:
    return method == "PUT" and query.get("resource") == "file"


def is_list(method: str, query: dict[str, str]) -> bool:
    return method == "GET" and query.get("resource") == "filesystem"


def is_any(method: str, query: dict[str, str]) -> bool:
    return True


@pytest.mark.parametrize("source_first", [False, True], ids=["retry says 409", "retry says 404"])
def test_a_rename_whose_reply_was_lost_is_known_as_ours(server: FakeDfs, lake: AdlsRawLake, source_first: bool) -> None:
    server.rename_looks_at_source_first = source_first
    server.faults.append(Fault(is_rename, drop_reply=True))
    publish(lake, FIRST)
    assert sum(is_rename(method, query) for method, _, query, _ in server.calls) == 2
    newest = lake.newest("csv")
    assert newest and newest.run_id == "run-1"


@pytest.mark.parametrize("source_first", [False, True])
def test_a_lost_reply_does_not_turn_anothers_batch_into_ours(
    server: FakeDfs, lake: AdlsRawLake, source_first: bool
) -> None:
    publish(lake, FIRST, "run-1")
    server.rename_looks_at_source_first = source_first
    server.faults.append(Fault(is_rename, drop_reply=True))
    with pytest.raises(BatchExists):
        publish(lake, FIRST, "run-2")


@pytest.mark.parametrize("call", [is_create, is_append, is_flush, is_list], ids=lambda call: call.__name__)
def test_any_other_lost_reply_is_repaired_by_repeating_the_call(
    server: FakeDfs, lake: AdlsRawLake, call: object
) -> None:
    server.faults.append(Fault(call, drop_reply=True))  # type: ignore[arg-type]
    publish(lake, FIRST)
    assert lake.newest("csv") == manifest_of(FIRST)
    assert server.containers["raw"][f"{FOLDER}/part-00000.jsonl"].data == b"one\ntwo\n"
    assert not server.faults


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_not_called_before_retry_after(
    server: FakeDfs, lake: AdlsRawLake, waits: list[float], status: int
) -> None:
    server.faults.append(Fault(is_append, status=status, retry_after=7))
    publish(lake, FIRST)
    assert lake.find("csv", FIRST) == manifest_of(FIRST)
    assert len(waits) == 1 and waits[0] >= 7


def test_a_service_that_stays_busy_ends_the_run_with_its_status(
    server: FakeDfs, lake: AdlsRawLake, waits: list[float]
) -> None:
    server.faults.extend(Fault(is_any, status=503) for _ in range(6))
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


def test_what_is_sent(server: FakeDfs, lake: AdlsRawLake) -> None:
    staged = lake.stage("run-1", "csv")
    part = staged.open_part("part-00000.jsonl")
    part.write(b"x" * (20 * 1024 * 1024))
    part.close()
    staged.publish(manifest_of(FIRST))
    appends = [headers for _, _, query, headers in server.calls if query.get("action") == "append"]
    assert max(int(headers["Content-Length"]) for headers in appends) == 8 * 1024 * 1024
    assert all("Content-MD5" in headers for headers in appends)
    flushes = [query for _, _, query, _ in server.calls if query.get("action") == "flush"]
    assert [(query["position"], query["close"]) for query in flushes][0] == ("20971520", "true")
    (rename,) = [(path, headers) for method, path, query, headers in server.calls if is_rename(method, query)]
    assert rename[0] == f"/devaccount/raw/{FOLDER.replace('=', '%3D')}" or rename[0] == f"/devaccount/raw/{FOLDER}"
    assert rename[1]["If-None-Match"] == "*"
    assert rename[1]["x-ms-rename-source"].startswith("/raw/_staging/csv/run-1-")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("abfss://raw@acme.dfs.core.windows.net", AdlsLocation("https://acme.dfs.core.windows.net", "raw", "")),
        ("abfss://raw@acme.dfs.core.windows.net/a/b/", AdlsLocation("https://acme.dfs.core.windows.net", "raw", "a/b")),
    ],
)
def test_azure_urls(url: str, expected: AdlsLocation) -> None:
    assert parse_raw_url(url) == expected


def test_an_account_key_is_refused_for_azure_itself() -> None:
    with pytest.raises(ConfigurationInvalid, match="by identity"):
        connect(AdlsLocation("https://acme.dfs.core.windows.net", "raw", ""), SecretStr("c2VjcmV0"))


def test_workload_identity_is_taken_outright_where_the_webhook_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    location = AdlsLocation("https://acme.dfs.core.windows.net", "raw", "")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token")
    monkeypatch.delenv("AZURE_CLIENT_ID", raising=False)
    with pytest.raises(ConfigurationInvalid, match="workload identity is incomplete"):
        connect(location, None)
    monkeypatch.setenv("AZURE_CLIENT_ID", "client")
    monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
    assert type(connect(location, None).credential).__name__ == "WorkloadIdentityCredential"

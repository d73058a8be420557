"""Which addresses are connected to, how long an exchange may take, how much of an answer is unpacked."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.infrastructure.ingestion.api_source import ApiSource
from api_ingestion.infrastructure.ingestion.network import AddressGuard
from api_lake import Bench
from api_servers import ScriptedServer
from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.domain.run import Run
from ingestion_kernel.infrastructure.telemetry.system_clock import SystemClock

GOOD = {"body": {"data": [{"customer_id": "1", "updated_at": "2025-01-01T00:00:00Z"}]}}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "raw")


class Names:
    """A resolver that gives one list of addresses after the other, the last again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if not found:
            raise OSError("no such host")
        return found


def ingest(bench: Bench, names: Names, port: str, **changes: Any) -> Run:
    url = f"http://partner.example:{port}/list"
    settings: ApiSettings = bench.settings(url, paging="none", allow_http=True, retry_attempts=2, **changes)
    return bench.ingest_from(ApiSource(settings, ["customer_id"], {}, SystemClock(), names))


def port_of(server: ScriptedServer) -> str:
    return server.origin.rsplit(":", 1)[1]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "168.63.129.16",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.1.2.3",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="private"):
        AddressGuard([], Names([address])).addresses("api.partner.example", 443)
    with pytest.raises(ConfigurationInvalid):
        AddressGuard([], Names(["93.184.215.14", address])).addresses("api.partner.example", 443)


def test_public_and_allowed_addresses_are_given() -> None:
    assert AddressGuard([], Names(["93.184.215.14"])).addresses("api.partner.example", 443) == ["93.184.215.14"]
    inside = AddressGuard([ip_network("10.20.0.0/16")], Names(["10.20.3.4"], ["10.21.3.4"]))
    assert inside.addresses("api.partner.example", 443) == ["10.20.3.4"]
    with pytest.raises(ConfigurationInvalid):
        inside.addresses("api.partner.example", 443)


def test_only_a_host_that_is_called_loopback_may_be_loopback() -> None:
    assert AddressGuard([], Names(["127.0.0.1"])).addresses("localhost", 80) == ["127.0.0.1"]
    with pytest.raises(ConfigurationInvalid):
        AddressGuard([], Names(["10.0.0.1"])).addresses("localhost", 80)


def test_a_name_that_leads_inside_gets_no_connection(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play(GOOD)
    names = Names(["127.0.0.1"])
    run = ingest(bench, names, port_of(scripted))
    assert run.error and run.error.code == "CONFIGURATION_INVALID" and "API_ALLOWED_NETWORKS" in run.error.advice
    assert names.asked == ["partner.example"] and scripted.requests() == []


def test_the_address_that_was_checked_is_the_one_connected_to(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play(GOOD)
    names = Names(["127.0.0.1"], ["192.0.2.1"])  # a second look would find another address
    run = ingest(bench, names, port_of(scripted), allowed_networks="10.0.0.0/8, 127.0.0.0/8")
    assert run.error is None, run.error
    assert names.asked == ["partner.example"]
    (request,) = scripted.requests()
    assert request["headers"]["Host"] == f"partner.example:{port_of(scripted)}"


def test_the_next_address_is_tried_where_one_does_not_answer(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play(GOOD)
    run = ingest(bench, Names(["127.0.0.9", "127.0.0.1"]), port_of(scripted), allowed_networks="127.0.0.0/8")
    assert run.error is None, run.error


def test_a_host_without_an_address_is_tried_again(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play(GOOD)
    run = ingest(bench, Names([], ["127.0.0.1"]), port_of(scripted), allowed_networks="127.0.0.0/8")
    assert run.error is None, run.error
    run = ingest(bench, Names([]), port_of(scripted))
    assert run.error and run.error.code == "SOURCE_UNAVAILABLE"


def test_headers_that_drip_in_for_ever(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"slow_head": True})
    run = bench.ingest(scripted.url, page_timeout_seconds=0.2, retry_attempts=2)
    assert run.error and run.error.code == "SOURCE_UNAVAILABLE" and "API_PAGE_TIMEOUT_SECONDS" in run.error.message


def test_a_bomb_is_not_unpacked(bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"body": " ", "repeat": 200_000_000, "headers": {"Content-Encoding": "gzip"}})
    bench.ingest(scripted.url, max_page_bytes=1)  # what is loaded once is loaded now
    tracemalloc.start()
    try:
        run = bench.ingest(scripted.url, max_page_bytes=1_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert run.error and "larger" in run.error.message
    assert peak < 20_000_000


@pytest.mark.parametrize("body", ["", '{"data": []}'])
def test_a_body_that_is_not_what_its_coding_says(body: str, bench: Bench, scripted: ScriptedServer) -> None:
    scripted.play({"body": body, "headers": {"Content-Encoding": "deflate"}})
    run = bench.ingest(scripted.url)
    assert run.error and run.error.code == "SOURCE_DATA_INVALID" and "Content-Encoding" in run.error.message

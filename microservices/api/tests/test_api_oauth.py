"""OAuth2 client credentials: one token, shared and renewed, shown to nobody but the API."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from api_ingestion.infrastructure.authentication.client_credentials import ClientCredentials, TokenRequest
from api_ingestion.interfaces.main import build_source
from api_lake import Bench
from api_servers import ScriptedServer
from ingestion_kernel.domain.exceptions import SourceDataInvalid
from pydantic import SecretStr
from test_api_command import run

SECRET = "s3cret/with+signs"
TOKEN = "token-0123456789abcdef"
ROW = {"customer_id": "1", "updated_at": "2025-01-01T00:00:00Z"}
GOOD = {"body": {"data": [ROW]}}
EMPTY: dict[str, Any] = {"body": {"data": []}}


def token(number: int = 1, life: int = 3600) -> dict[str, Any]:
    return {"body": {"access_token": f"{TOKEN}-{number}", "token_type": "Bearer", "expires_in": life}}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "raw")


def oauth(server: ScriptedServer, **changes: Any) -> dict[str, Any]:
    settings = {"auth": "oauth2", "token_url": f"{server.origin}/token", "client_id": "us", "client_secret": SECRET}
    return settings | {"token_scope": "read", "retry_attempts": 2} | changes


def shown(server: ScriptedServer) -> list[str]:
    return [request["headers"].get("Authorization", "") for request in server.requests()]


def test_one_token_serves_all_pages_and_all_runs(
    bench: Bench, scripted: ScriptedServer, other_host: ScriptedServer
) -> None:
    other_host.play(token(1), token(2))
    scripted.play(GOOD, EMPTY)
    source = build_source(bench.settings(scripted.url, **oauth(other_host)))
    for _ in range(2):
        assert bench.ingest_from(source).error is None
    assert set(shown(scripted)) == {f"Bearer {TOKEN}-1"}
    (asked,) = other_host.requests()
    assert b64decode(asked["headers"]["Authorization"].removeprefix("Basic ")).decode() == "us:s3cret%2Fwith%2Bsigns"
    assert asked["body"] == "grant_type=client_credentials&scope=read"
    assert asked["path"] == "/token" and SECRET not in json.dumps(asked)


def test_the_secret_goes_into_the_body_where_the_partner_wants_it(
    bench: Bench, scripted: ScriptedServer, other_host: ScriptedServer
) -> None:
    other_host.play(token())
    scripted.play(EMPTY)
    assert bench.ingest(scripted.url, **oauth(other_host, token_auth="body")).error is None
    (asked,) = other_host.requests()
    assert "client_secret=s3cret%2Fwith%2Bsigns" in asked["body"] and "Authorization" not in asked["headers"]


def test_a_refused_token_is_renewed_once(bench: Bench, scripted: ScriptedServer, other_host: ScriptedServer) -> None:
    other_host.play(token(1), token(2))
    scripted.play({"status": 401}, GOOD, EMPTY)
    assert bench.ingest(scripted.url, **oauth(other_host)).error is None
    assert shown(scripted) == [f"Bearer {TOKEN}-1", f"Bearer {TOKEN}-2", f"Bearer {TOKEN}-2"]


def test_a_second_refusal_ends_the_run(bench: Bench, scripted: ScriptedServer, other_host: ScriptedServer) -> None:
    other_host.play(token(1), token(2), token(3))
    scripted.play({"status": 401})
    failed = bench.ingest(scripted.url, **oauth(other_host))
    assert failed.error and failed.error.code == "SOURCE_ACCESS_DENIED"
    assert len(scripted.requests()) == 2 and len(other_host.requests()) == 2


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"status": 401, "body": SECRET}, "SOURCE_ACCESS_DENIED"),
        ({"status": 400, "body": {"error": "invalid_client"}}, "SOURCE_ACCESS_DENIED"),
        ({"status": 500}, "SOURCE_UNAVAILABLE"),
        ({"status": 404}, "CONFIGURATION_INVALID"),
        ({"body": {"access_token": "a b", "token_type": "Bearer"}}, "SOURCE_DATA_INVALID"),
        ({"body": {"access_token": "mac", "token_type": "mac"}}, "SOURCE_DATA_INVALID"),
        ({"body": [TOKEN]}, "SOURCE_DATA_INVALID"),
        ({"body": "x", "repeat": 100_000}, "SOURCE_DATA_INVALID"),
    ],
)
def test_a_token_endpoint_that_gives_none(
    answer: dict[str, Any], code: str, bench: Bench, scripted: ScriptedServer, other_host: ScriptedServer
) -> None:
    other_host.play(answer)
    failed = bench.ingest(scripted.url, **oauth(other_host))
    assert failed.error and failed.error.code == code
    assert SECRET not in f"{failed.error}" and TOKEN not in f"{failed.error}"
    assert scripted.requests() == []


def test_a_token_endpoint_that_redirects_gets_no_secret_elsewhere(
    bench: Bench, scripted: ScriptedServer, other_host: ScriptedServer
) -> None:
    other_host.play({"status": 307, "headers": {"Location": f"{scripted.origin}/token"}})
    failed = bench.ingest(scripted.url, **oauth(other_host))
    assert failed.error and "redirect" in failed.error.message and "API_TOKEN_URL" in failed.error.advice
    assert scripted.requests() == []


def test_neither_secret_nor_token_is_ever_told(
    tmp_path: Path, scripted: ScriptedServer, other_host: ScriptedServer
) -> None:
    settings = {f"API_{name.upper()}": str(value) for name, value in oauth(other_host).items()}
    settings |= {"RAW_URL": str(tmp_path / "raw"), "API_URL": scripted.url, "LOG_LEVEL": "DEBUG"}
    for answers in ([token()], [{"status": 401, "body": SECRET}], [{"body": {"access_token": TOKEN + " "}}]):
        other_host.play(*answers)
        scripted.play({"body": {"data": [ROW], "next_cursor": None}})
        done = run("ingest", **settings)
        assert done.returncode in (0, 65, 77)
        assert other_host.requests(), "the secret was sent"
        assert SECRET not in done.stdout + done.stderr and TOKEN not in done.stdout + done.stderr
    assert not any(TOKEN in path.read_text() for path in (tmp_path / "raw").rglob("*") if path.is_file())


class Endpoint:
    """Counts what it is asked; a token lives 100 s."""

    def __init__(self) -> None:
        self.asked = 0
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, request: TokenRequest) -> Any:
        self.asked += 1
        self.gate.wait(10)
        assert SECRET not in repr(request)
        return {"access_token": f"t{self.asked}", "token_type": "bearer", "expires_in": 100}


def test_a_token_is_renewed_at_four_fifths_of_its_life() -> None:
    moment = [0.0]
    credentials = ClientCredentials("us", SecretStr(SECRET), False, {}, now=lambda: moment[0])
    endpoint = Endpoint()
    for now, expected in ((0, "t1"), (79, "t1"), (80, "t2"), (159, "t2"), (160, "t3")):
        moment[0] = now
        assert credentials.token(endpoint).get_secret_value() == expected


def test_those_who_come_together_share_one_request() -> None:
    credentials = ClientCredentials("us", SecretStr(SECRET), False, {})
    endpoint = Endpoint()
    endpoint.gate.clear()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(credentials.token, endpoint) for _ in range(8)]
        endpoint.gate.set()
        tokens = [item.result(10) for item in waiting]
    assert endpoint.asked == 1 and {item.get_secret_value() for item in tokens} == {"t1"}
    credentials.refused(tokens[0])
    assert credentials.token(endpoint).get_secret_value() == "t2"
    credentials.refused(tokens[0])  # somebody else has renewed it already
    assert credentials.token(endpoint).get_secret_value() == "t2"


def test_an_answer_without_a_life_gets_a_short_one() -> None:
    moment = [0.0]
    credentials = ClientCredentials("us", SecretStr(SECRET), False, {}, now=lambda: moment[0])
    answers = iter([{"access_token": "a", "token_type": "Bearer"}, {}])
    assert credentials.token(lambda _: next(answers)).get_secret_value() == "a"
    moment[0] = 240
    with pytest.raises(SourceDataInvalid):
        credentials.token(lambda _: next(answers))

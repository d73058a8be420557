"""Secrets reach the vaults by a file; what exists is not made anew; the runner's address comes and goes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cdp_actions import notes, vaults
from cdp_actions.errors import ActionFailed
from cdp_dryrun.answers import PLATFORM, answer
from cdp_dryrun.repository import PLANTED, SECRETS
from cdp_dryrun.server import ADDRESS, Server
from cdp_dryrun.world import World

Machine = Callable[..., World]
NOT_FOUND = {"code": 3, "err": "ERROR: (SecretNotFound) not there"}
_BINNED = answer("secret show-deleted", code=3)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DB_KEY", "API_KEY"):
        monkeypatch.setenv(name, SECRETS[name])


def _sets(world: World) -> list[str]:
    return [
        call.words[call.words.index("--name") + 1]
        for call in world.calls()
        if call.words[:3] == ("keyvault", "secret", "set")
    ]


def _rows() -> dict[str, str]:
    return dict(next(content["rows"] for kind, content in notes.found() if kind == "facts"))


def test_all_is_set_the_first_time(machine: Machine, given: None) -> None:
    world = machine([_BINNED, answer("secret show", **NOT_FOUND)])
    vaults.put_secrets(PLATFORM)
    assert _sets(world) == [*vaults.GIVEN.values(), *vaults.MADE]
    assert not any(value in call.line for call in world.calls() for value in PLANTED)
    token_key = next(
        call.line for call in world.calls() if "secret set" in call.line and "--name token-key" in call.line
    )
    assert "--vault-name kvjobcdpdevbrsx7k2" in token_key and "--expires 20" in token_key


def test_the_value_is_in_a_file_that_only_we_can_read(
    machine: Machine, given: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine([_BINNED, answer("secret show", **NOT_FOUND)])
    seen: dict[str, tuple[str, int]] = {}
    real = vaults.run

    def run(command: Sequence[str], *rest: Any, **more: Any) -> str:
        if "--file" in command:
            file = Path(command[command.index("--file") + 1])
            seen[command[command.index("--name") + 1]] = (file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777)
        return real(command, *rest, **more)

    monkeypatch.setattr(vaults, "run", run)
    vaults.put_secrets(PLATFORM)
    assert seen["api-ingestion-api-key"] == (SECRETS["API_KEY"], 0o600)
    assert len({value for value, _ in seen.values()}) == 6 and len(seen["token-key"][0]) == 64
    left = [path.name for path in Path(os.environ["RUNNER_TEMP"]).iterdir()]
    assert left == ["cdp-notes.jsonl"]


def test_what_is_there_is_kept_and_what_changed_is_set(machine: Machine, given: None) -> None:
    same = answer("secret show", "database-ingestion-database-url", out={"value": SECRETS["DB_KEY"]})
    world = machine([same, answer("secret show", out={"value": "another"})])
    vaults.put_secrets(PLATFORM)
    assert _sets(world) == ["api-ingestion-api-key"]
    rows = _rows()
    assert rows["database-ingestion-database-url"] == "unchanged"
    assert rows["token-key"] == "kept"


def test_a_secret_that_is_not_given_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DB_KEY", raising=False)
    monkeypatch.setenv("API_KEY", SECRETS["API_KEY"])
    machine([answer("secret show", out={"value": SECRETS["API_KEY"]})])
    vaults.put_secrets(PLATFORM)
    assert _rows()["database-ingestion-database-url"] == "not there: DB_KEY is empty"
    assert any(kind == "next" and "DB_KEY" in text for kind, text in notes.found())


def test_a_token_key_that_cannot_be_read_is_not_overwritten(machine: Machine, given: None) -> None:
    forbidden = answer("secret show", "token-key", code=1, err="(Forbidden) ForbiddenByRbac")
    world = machine([forbidden, answer("secret show", out={"value": "x"})])
    with pytest.raises(ActionFailed, match="token-key cannot be read") as caught:
        vaults.put_secrets(PLATFORM)
    assert "Secrets Officer" in caught.value.next_step
    assert "token-key" not in _sets(world)


def test_a_deleted_token_key_is_to_be_recovered(machine: Machine, given: None) -> None:
    world = machine([answer("secret show-deleted", out={}), answer("secret show", **NOT_FOUND)])
    with pytest.raises(ActionFailed, match="can be had back") as caught:
        vaults.put_secrets(PLATFORM)
    assert "az keyvault secret recover --vault-name kvsvccdpdevbrsx7k2" in caught.value.next_step
    assert not _sets(world)


def test_the_runner_comes_and_goes(machine: Machine, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    world = machine([answer("keyvault list", out=[{"name": "kv1", "group": "rg"}, {"name": "kv2", "group": "rg"}])])
    monkeypatch.setenv("RUNNER_IP_URL", f"{server.url}/ip")
    vaults.let_in("dev")
    told = (world.temp / "github_env").read_text(encoding="utf-8")
    assert json.dumps([ADDRESS]) in told
    monkeypatch.setenv("RUNNER_ADDRESS", ADDRESS)
    vaults.shut_out("dev")
    rules = [call.words[2:] for call in world.calls() if call.words[:2] == ("keyvault", "network-rule")]
    assert [(rule[0], rule[2]) for rule in rules] == [
        ("add", "kv1"),
        ("add", "kv2"),
        ("remove", "kv1"),
        ("remove", "kv2"),
    ]


def test_all_firewalls_are_tried_where_one_refuses(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    vault_list = answer("keyvault list", out=[{"name": "kv1", "group": "rg"}, {"name": "kv2", "group": "rg"}])
    world = machine([vault_list, answer("network-rule remove", "kv1", code=1)])
    monkeypatch.setenv("RUNNER_ADDRESS", ADDRESS)
    with pytest.raises(ActionFailed, match="still let in to kv1"):
        vaults.shut_out("dev")
    assert len(world.calls()) == 3


@pytest.mark.parametrize("reply", [(200, {}, "<html>"), (500, {}, "")])
def test_an_address_that_is_none(machine: Machine, server: Server, monkeypatch: pytest.MonkeyPatch, reply: Any) -> None:
    server.replies["GET /ip"] = reply
    monkeypatch.setenv("RUNNER_IP_URL", f"{server.url}/ip")
    machine([])
    with pytest.raises(ActionFailed, match="public address is not known"):
        vaults.let_in("dev")

"""AZURE_CREDENTIALS is read strictly, masked, and given on by name; OIDC is one switch."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cdp_actions import credentials
from cdp_actions.errors import ActionFailed
from cdp_dryrun.files import pairs
from cdp_dryrun.repository import SECRETS
from cdp_dryrun.world import World

GIVEN: dict[str, Any] = json.loads(SECRETS["AZURE_CREDENTIALS"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("clientId: planted~client~secret", "not JSON"),
        ('["planted~client~secret"]', "not a JSON object"),
        (json.dumps({**GIVEN, "tenantId": "contoso"}), "tenantId"),
        (
            json.dumps({name: GIVEN[name] for name in ("clientId", "subscriptionId", "tenantId")}),
            "clientSecret is missing",
        ),
    ],
)
def test_what_is_wrong_is_named_and_not_quoted(text: str, said: str) -> None:
    with pytest.raises(ActionFailed, match=said) as caught:
        credentials.read(text, oidc=False)
    assert "planted" not in caught.value.what + caught.value.next_step
    assert "AZURE_CREDENTIALS" in caught.value.next_step


def test_the_secret_is_masked_before_it_is_given_on(
    machine: Callable[..., World], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = machine([])
    monkeypatch.setenv("AZURE_CREDENTIALS", SECRETS["AZURE_CREDENTIALS"])
    credentials.session(terraform=True)
    assert "::add-mask::planted~client~secret\n" in capsys.readouterr().out
    environment = pairs(world.temp / "github_env")
    assert environment["ARM_CLIENT_SECRET"] == "planted~client~secret"
    assert environment["ARM_SUBSCRIPTION_ID"] == GIVEN["subscriptionId"]
    assert "planted" not in (world.temp / "github_output").read_text(encoding="utf-8")


def test_without_terraform_nothing_is_in_the_environment(
    machine: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = machine([])
    monkeypatch.setenv("AZURE_CREDENTIALS", SECRETS["AZURE_CREDENTIALS"])
    credentials.session(terraform=False)
    assert not (world.temp / "github_env").exists()


def test_oidc_leaves_the_secret_out(machine: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    world = machine([])
    monkeypatch.setenv("AZURE_CREDENTIALS", SECRETS["AZURE_CREDENTIALS"])
    monkeypatch.setenv("AZURE_OIDC", "true")
    credentials.session(terraform=True)
    environment = pairs(world.temp / "github_env")
    assert "ARM_CLIENT_SECRET" not in environment
    assert environment["ARM_USE_OIDC"] == "true"
    assert environment["DATABRICKS_AUTH_TYPE"] == "github-oidc-azure"
    assert pairs(world.temp / "github_output")["oidc"] == "true"

"""Check GitHub Token against a real HTTP server, Check Azure Role Assignments against an `az` with set replies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cdp_actions import github_token, notes, roles
from cdp_actions.errors import ActionFailed
from cdp_dryrun.answers import OBJECT, SUBSCRIPTION, answer, role, token
from cdp_dryrun.server import Server
from cdp_dryrun.world import World

CONTRIBUTOR, OWNER, READER = (
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",
)
RBAC, UAA = "f58310d9-a9f6-439a-9e8d-f62e7b41a168", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture
def github(machine: Callable[..., World], server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    machine([])
    monkeypatch.setenv("GITHUB_API_URL", server.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", "retailer/platform")
    monkeypatch.setenv("GH_PAT_TOKEN", "ghp_planted0123456789")
    return server


def test_a_good_token(github: Server, capsys: pytest.CaptureFixture[str]) -> None:
    github_token.check(NOW)
    assert [asked for asked, _ in github.asked] == ["GET /user", "GET /repos/retailer/platform"]
    assert set(github.tokens) == {"Bearer ghp_planted0123456789"}
    assert dict(notes.found())["facts"]["rows"] == [
        ["kind", "classic"],
        ["of", "octocat"],
        ["ends", "not told by GitHub"],
    ]
    assert "planted" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "reply", "said"),
    [
        ("GET /user", (401, {}, {"message": "Bad credentials"}), "expired, revoked"),
        ("GET /user", (200, {"X-OAuth-Scopes": "repo"}, {}), "lacks the scope workflow"),
        ("GET /user", (200, {"X-OAuth-Scopes": ""}, {}), "repo, workflow"),
        ("GET /user", (403, {}, {}), "answered 403"),
        ("GET /user", (503, {}, "busy"), "could not be reached"),
        ("GET /repos/retailer/platform", (404, {}, {}), "does not see this repository"),
        (
            "GET /repos/retailer/platform",
            (403, {"X-Accepted-GitHub-Permissions": "metadata=read"}, {}),
            "GitHub asks for metadata=read",
        ),
        ("GET /repos/retailer/platform", (200, {}, {"permissions": {"push": False}}), "not write"),
    ],
)
def test_a_bad_token(github: Server, path: str, reply: Any, said: str) -> None:
    github.replies[path] = reply
    with pytest.raises(ActionFailed, match=said) as caught:
        github_token.check(NOW)
    assert "planted" not in caught.value.what


def test_no_token(github: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_PAT_TOKEN", "")
    with pytest.raises(ActionFailed, match="empty"):
        github_token.check(NOW)
    assert not github.asked


@pytest.mark.parametrize(("ends", "warned"), [("2026-12-05 10:00:00 UTC", True), ("2027-05-01 10:00:00 -0300", False)])
def test_a_token_that_ends(github: Server, capsys: pytest.CaptureFixture[str], ends: str, warned: bool) -> None:
    github.replies["GET /user"] = (200, {"GitHub-Authentication-Token-Expiration": ends}, {"login": "octocat"})
    github_token.check(NOW)
    assert ("::warning" in capsys.readouterr().out) is warned
    assert dict(notes.found())["facts"]["rows"][0] == ["kind", "fine-grained"]


def _azure(*assignments: dict[str, Any]) -> list[dict[str, Any]]:
    signed_in = {"subscription": SUBSCRIPTION, "accessToken": token({"oid": OBJECT})}
    return [answer("get-access-token", out=signed_in), answer("roleAssignments", out={"value": list(assignments)})]


@pytest.mark.parametrize("given", [(CONTRIBUTOR, RBAC), (CONTRIBUTOR, UAA), (OWNER,), (OWNER, READER)])
def test_enough_roles(machine: Callable[..., World], given: tuple[str, ...]) -> None:
    world = machine(_azure(*map(role, given)))
    roles.check()
    (asked,) = [call.line for call in world.calls() if "rest" in call.words]
    assert f"assignedTo('{OBJECT}')" in asked and f"/subscriptions/{SUBSCRIPTION}/" in asked


@pytest.mark.parametrize(
    ("assignments", "lacking"),
    [
        ((), "Contributor and User Access Administrator"),
        ((role(CONTRIBUTOR),), "User Access Administrator"),
        ((role(RBAC), role(READER)), "Contributor"),
        ((role(CONTRIBUTOR, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/x"), role(RBAC)), "Contributor"),
    ],
)
def test_too_few_roles(machine: Callable[..., World], assignments: Any, lacking: str) -> None:
    machine(_azure(*assignments))
    with pytest.raises(ActionFailed, match=f"lacks {lacking} on the subscription") as caught:
        roles.check()
    assert f"--assignee-object-id {OBJECT}" in caught.value.next_step


def test_roles_from_above_count_and_pages_are_followed(machine: Callable[..., World]) -> None:
    above = role(CONTRIBUTOR, "/providers/Microsoft.Management/managementGroups/all")
    pages = [
        {"out": {"value": [above], "nextLink": "https://management.azure.com/next"}},
        {"out": {"value": [role(RBAC)]}},
    ]
    world = machine([*_azure()[:1], answer("az rest", turns=pages)])
    roles.check()
    assert "https://management.azure.com/next" in world.calls()[-1].line


@pytest.mark.parametrize(
    ("given", "told"), [((CONTRIBUTOR, RBAC), True), ((CONTRIBUTOR, RBAC, UAA), False), ((OWNER,), False)]
)
def test_who_may_not_lock_is_told(machine: Callable[..., World], given: tuple[str, ...], told: bool) -> None:
    machine(_azure(*map(role, given)))
    roles.check()
    assert any(kind == "next" and "may make no locks" in text for kind, text in notes.found()) is told


def test_a_condition_is_told(machine: Callable[..., World]) -> None:
    machine(_azure(role(CONTRIBUTOR), role(RBAC, condition="@Resource[...]")))
    roles.check()
    assert any(kind == "next" and "under a condition" in text for kind, text in notes.found())


@pytest.mark.parametrize("text", ["", "no.token", token({"sub": "x"})])
def test_a_token_of_nobody(text: str) -> None:
    with pytest.raises(ActionFailed, match="names no identity"):
        roles.object_id(text)

"""Comments and issues: one of each, written anew; drift that is gone closes its issue."""

from __future__ import annotations

import pytest
from cdp_actions import conversation
from cdp_actions.errors import ActionFailed
from cdp_dryrun.server import Server

ISSUES = "/repos/retailer/platform/issues"
TITLE = "Drift: dev is not what main says"


@pytest.fixture
def github(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("GITHUB_API_URL", server.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", "retailer/platform")
    monkeypatch.setenv("GH_TOKEN", "ghs_x")
    server.replies[f"PATCH {ISSUES}/comments/5"] = (200, {}, {})
    server.replies[f"PATCH {ISSUES}/9"] = (200, {}, {})
    return server


def _written(server: Server) -> list[tuple[str, str]]:
    return [(asked.split()[0], asked.split()[1]) for asked, _ in server.asked if not asked.startswith("GET")]


def test_a_comment_is_written_anew(github: Server) -> None:
    others = [{"id": number, "body": "else"} for number in range(100)]
    conversation.comment("12", "Plan dev", "first")
    github.replies[f"GET {ISSUES}/12/comments"] = (
        200,
        {},
        [*others[:9], {"id": 5, "body": "<!-- cdp: Plan dev -->\nfirst"}],
    )
    conversation.comment("12", "Plan dev", "x" * 70_000)
    assert _written(github) == [("POST", f"{ISSUES}/12/comments"), ("PATCH", f"{ISSUES}/comments/5")]
    assert len(github.asked[-1][1]["body"]) < 65_536


def test_drift_has_one_issue(github: Server) -> None:
    conversation.tell_drift("dev", "")
    conversation.tell_drift("dev", "changed")
    github.replies[f"GET {ISSUES}"] = (200, {}, [{"number": 9, "title": TITLE}])
    conversation.tell_drift("dev", "changed more")
    conversation.tell_drift("pre", "changed")
    conversation.tell_drift("dev", "")
    assert _written(github) == [("POST", ISSUES), ("PATCH", f"{ISSUES}/9"), ("POST", ISSUES), ("PATCH", f"{ISSUES}/9")]
    assert github.asked[-1][1]["state"] == "closed"


def test_a_refusal_names_the_permission(github: Server) -> None:
    github.replies[f"POST {ISSUES}"] = (403, {}, {})
    with pytest.raises(ActionFailed, match="answered 403") as caught:
        conversation.tell_drift("dev", "changed")
    assert "issues: write" in caught.value.next_step

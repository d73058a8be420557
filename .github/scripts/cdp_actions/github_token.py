"""Check GitHub Token: is GH_PAT_TOKEN valid, may it do what the release needs, and for how long?

Sources: docs.github.com, "Scopes for OAuth apps" (x-oauth-scopes of classic tokens) and "Permissions required for
fine-grained personal access tokens" (x-accepted-github-permissions). The header of the expiry is not documented as
part of the API; without it the check says that it does not know.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from cdp_actions import github_api, notes
from cdp_actions.errors import ActionFailed
from cdp_actions.github_api import Reply

#: A classic token's scopes: releases and tags, also of commits that touch workflows.
NEEDED_SCOPES = {"repo", "workflow"}
WARN_DAYS = 14
_NEXT = (
    "Make a new token (classic: scopes repo and workflow; fine-grained: this repository, Contents and "
    "Workflows: read and "
    "write) and set the secret GH_PAT_TOKEN to it."
)


def check(now: datetime | None = None) -> None:
    """Check the token of GH_PAT_TOKEN; facts for the summary, a warning if it ends soon.

    Raises:
        ActionFailed: it is missing, expired, revoked, or may not do what is needed.
    """
    token = os.environ.get("GH_PAT_TOKEN", "")
    if not token:
        raise ActionFailed("GH_PAT_TOKEN is empty or not there", _NEXT)
    who = github_api.call("GET", "/user", token)
    if who.status == 401:
        raise ActionFailed("GH_PAT_TOKEN is refused: expired, revoked or mistyped", _NEXT)
    if who.status != 200:
        raise ActionFailed(f"GH_PAT_TOKEN: GitHub answered {who.status} to GET /user", _NEXT)
    kind = "classic" if "x-oauth-scopes" in who.headers else "fine-grained"
    if kind == "classic":
        _check_scopes(who)
    _check_repository(token)
    ends = _days_left(who, now or datetime.now(UTC))
    facts = [["kind", kind], ["of", str((who.body or {}).get("login", "?"))]]
    facts.append(["ends", "not told by GitHub" if ends is None else f"in {ends} days"])
    notes.leave("facts", {"title": "GitHub token", "rows": facts})
    if ends is not None and ends < WARN_DAYS:
        print(f"::warning title=GH_PAT_TOKEN::It ends in {ends} days. {_NEXT}")
        notes.leave("next", f"GH_PAT_TOKEN ends in {ends} days. {_NEXT}")


def _check_scopes(who: Reply) -> None:
    given = {scope.strip() for scope in who.headers["x-oauth-scopes"].split(",") if scope.strip()}
    if lacking := NEEDED_SCOPES - given:
        raise ActionFailed(f"GH_PAT_TOKEN lacks the scope {', '.join(sorted(lacking))}", _NEXT)


def _check_repository(token: str) -> None:
    """What it may do here: `permissions.push` of the repository, as GitHub tells it to this token."""
    answer = github_api.call("GET", f"/repos/{github_api.repository()}", token)
    if answer.status != 200:
        needed = answer.headers.get("x-accepted-github-permissions")
        asked = f"; GitHub asks for {needed}" if needed else ""
        raise ActionFailed(f"GH_PAT_TOKEN does not see this repository (GitHub answered {answer.status}{asked})", _NEXT)
    if not ((answer.body or {}).get("permissions") or {}).get("push"):
        raise ActionFailed("GH_PAT_TOKEN may read this repository, but not write to it", _NEXT)


def _days_left(who: Reply, now: datetime) -> int | None:
    """From a header such as `2026-12-24 10:00:00 UTC` or `2026-12-24 10:00:00 -0300`."""
    text = who.headers.get("github-authentication-token-expiration", "").replace("UTC", "+0000")
    try:
        return (datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z") - now).days
    except ValueError:
        return None

"""What the workflows tell people on GitHub: a plan under its pull request, drift in an issue; kept up to date."""

from __future__ import annotations

import os
from typing import Any

from cdp_actions import github_api
from cdp_actions.errors import ActionFailed

_RIGHTS = "The job needs `pull-requests: write` (comments) or `issues: write` (drift)."
#: GitHub takes 65,536 characters.
_LIMIT = 60_000


def comment(number: str, subject: str, markdown: str) -> None:
    """Write the comment about `subject` under a pull request, or write it anew if it is there.

    Raises:
        ActionFailed: GitHub refuses.
    """
    marker = f"<!-- cdp: {subject} -->"
    path = f"/repos/{github_api.repository()}/issues"
    body = {"body": f"{marker}\n{_cut(markdown)}"}
    mine = _first(f"{path}/{int(number)}/comments", lambda one: str(one.get("body", "")).startswith(marker))
    if mine:
        _must("PATCH", f"{path}/comments/{mine['id']}", body)
    else:
        _must("POST", f"{path}/{int(number)}/comments", body)


def tell_drift(environment: str, markdown: str) -> None:
    """Open the issue about an environment's drift, or write it anew if it is open; close it where `markdown` is empty.

    Raises:
        ActionFailed: GitHub refuses.
    """
    title = f"Drift: {environment} is not what main says"
    path = f"/repos/{github_api.repository()}/issues"
    issue = _first(f"{path}?state=open&labels=drift", lambda one: one.get("title") == title)
    if not markdown:
        if issue:
            _must("PATCH", f"{path}/{issue['number']}", {"state": "closed", "state_reason": "completed"})
    elif issue:
        _must("PATCH", f"{path}/{issue['number']}", {"body": _cut(markdown)})
    else:
        _must("POST", path, {"title": title, "body": _cut(markdown), "labels": ["drift"]})


def _first(path: str, wanted: Any) -> dict[str, Any] | None:
    """The first that fits, over all pages."""
    for page in range(1, 20):
        sign = "&" if "?" in path else "?"
        found = _must("GET", f"{path}{sign}per_page=100&page={page}", None)
        for one in found:
            if wanted(one):
                return dict(one)
        if len(found) < 100:
            return None
    return None


def _must(method: str, path: str, body: Any) -> Any:
    answer = github_api.call(method, path, os.environ.get("GH_TOKEN", ""), body)
    if answer.status >= 300:
        raise ActionFailed(f"GitHub answered {answer.status} to {method} {path.partition('?')[0]}", _RIGHTS)
    return answer.body


def _cut(markdown: str) -> str:
    return markdown if len(markdown) <= _LIMIT else markdown[:_LIMIT] + "\n\n(cut: the job's summary has all of it)"

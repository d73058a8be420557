"""GitHub's REST API, by the standard library. Tokens go into the header and nowhere else."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from cdp_actions.errors import ActionFailed

_VERSION = "2022-11-28"
_SECONDS = 30


@dataclass(frozen=True)
class Reply:
    """A reply; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: Any


def call(method: str, path: str, token: str, body: Any = None) -> Reply:
    """One call; a refusal (4xx) is a reply too.

    Raises:
        ActionFailed: GitHub is not there, or answers 5xx.
    """
    import urllib.error  # here, as it takes most of the time that a step of ours needs to start
    import urllib.request

    base = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    request = urllib.request.Request(
        base + path, method=method, data=None if body is None else json.dumps(body).encode()
    )
    request.add_header("Authorization", f"Bearer {token}")
    request.add_header("Accept", "application/vnd.github+json")
    request.add_header("X-GitHub-Api-Version", _VERSION)
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - the runner's own address
            return _reply(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as refusal:
        if refusal.code >= 500:
            raise _unreachable(f"it answered {refusal.code}") from None
        return _reply(refusal.code, dict(refusal.headers), refusal.read())
    except OSError as error:
        raise _unreachable(type(error).__name__) from None


def repository() -> str:
    """owner/name of the repository that the workflow runs in."""
    return os.environ["GITHUB_REPOSITORY"]


def _reply(status: int, headers: dict[str, str], body: bytes) -> Reply:
    try:
        content = json.loads(body) if body else None
    except ValueError:
        content = None
    return Reply(status, {name.lower(): value for name, value in headers.items()}, content)


def _unreachable(why: str) -> ActionFailed:
    return ActionFailed(
        f"GitHub's API could not be reached: {why}", "Run the job again; githubstatus.com tells of faults."
    )

"""What the steps of a job leave for its summary: facts to show, and what to do next. Lines of JSON in RUNNER_TEMP."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from cdp_actions.github_files import work_folder

#: Variables whose values must not be in a summary, whatever a tool may have quoted.
SECRETS = (
    "API_KEY",
    "ARM_CLIENT_SECRET",
    "AZURE_CREDENTIALS",
    "DB_KEY",
    "GH_PAT_TOKEN",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "STATE_ENCRYPTION_KEY",
)
_HIDDEN = "***"
#: A shorter value is no secret, and would blot out half of the text.
_SHORTEST = 6


def leave(kind: str, content: Any) -> None:
    """Keep something for the summary.

    Args:
        kind: "error", "next", or a key of cdp_actions.sections.SECTIONS.
        content: what that section takes, as JSON. Values of secret variables are blotted out.
    """
    with _path().open("a", encoding="utf-8") as file:
        file.write(redact(json.dumps({"kind": kind, "content": content})) + "\n")


def found() -> list[tuple[str, Any]]:
    """All that was left so far, in order."""
    if not _path().exists():
        return []
    notes = [json.loads(line) for line in _path().read_text(encoding="utf-8").splitlines()]
    return [(note["kind"], note["content"]) for note in notes]


def redact(text: str) -> str:
    """The text without the values of secret variables, also where they stand within JSON."""
    for value in sorted(_secret_values(), key=len, reverse=True):
        for form in (value, json.dumps(value)[1:-1]):
            text = text.replace(form, _HIDDEN)
    return text


def password_of(url: str) -> str:
    """The password within a database's address, which a driver may quote alone; empty if there is none."""
    found = re.match(r"[\w+]+://[^:/@]*:(.*)@", url)
    return found[1] if found else ""


def _secret_values() -> set[str]:
    given = {os.environ.get(name, "") for name in SECRETS}
    given.add(password_of(os.environ.get("DB_KEY", "")))
    try:
        given.add(str(json.loads(os.environ.get("AZURE_CREDENTIALS", ""))["clientSecret"]))
    except (ValueError, KeyError, TypeError):
        pass
    return {value for value in given if len(value) >= _SHORTEST}


def _path() -> Path:
    return work_folder() / "cdp-notes.jsonl"

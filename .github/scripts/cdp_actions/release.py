"""A release: VERSION names it, CHANGELOG.md tells of it, a tag and a release on GitHub make it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cdp_actions import ROOT, github_api, notes
from cdp_actions.errors import ActionFailed
from cdp_actions.github_files import set_output

_SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")
_RIGHTS = "The token GH_PAT_TOKEN needs Contents: write (classic: repo); the workflow `checks` looks at it."


def prepare(root: Path = ROOT) -> tuple[str, str]:
    """Version and notes of the release that VERSION names.

    Raises:
        ActionFailed: VERSION is no semantic version, or CHANGELOG.md has nothing about it.
    """
    version = (root / "VERSION").read_text(encoding="utf-8").strip()
    if not _SEMVER.fullmatch(version):
        raise ActionFailed(
            f"VERSION is {version!r}, no semantic version", "Write one such as 1.4.0 into VERSION (semver.org)."
        )
    text = changes_of(version, (root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if not text:
        raise ActionFailed(
            f"CHANGELOG.md has no section {version}",
            f"Write what is new under a heading `## [{version}] - YYYY-MM-DD`.",
        )
    return version, text


def changes_of(version: str, changelog: str) -> str:
    """The section of a version, in the form of keepachangelog.com; empty if there is none, or nothing in it."""
    found = re.search(
        rf"^## \[{re.escape(version)}\][^\n]*\n(.*?)(?=^## |^\[[^\]]+\]: |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    return found[1].strip() if found else ""


def publish() -> None:
    """Release what VERSION names, at this commit; nothing happens if that was released before.

    The step's output `released` is the version, or empty.

    Raises:
        ActionFailed: see `prepare`; or GitHub refuses.
    """
    version, text = prepare()
    token, path = os.environ.get("GH_PAT_TOKEN", ""), f"/repos/{github_api.repository()}/releases"
    known = github_api.call("GET", f"{path}/tags/v{version}", token)
    if known.status == 200:
        set_output("released", "")
        notes.leave(
            "facts", {"title": "Release", "rows": [[f"v{version}", "was released before: raise VERSION for a new one"]]}
        )
        return
    body = {
        "tag_name": f"v{version}",
        "target_commitish": os.environ["GITHUB_SHA"],
        "name": version,
        "body": text,
        "prerelease": "-" in version,
    }
    made = github_api.call("POST", path, token, body)
    if made.status != 201:
        raise ActionFailed(f"GitHub answered {made.status} to the release of {version}", _RIGHTS)
    set_output("released", version)
    notes.leave(
        "facts", {"title": "Release", "rows": [[f"v{version}", str((made.body or {}).get("html_url", "released"))]]}
    )

"""What changed since it was deployed last: which parts, and which services, are to be deployed."""

from __future__ import annotations

import json
import os
import re

from cdp_actions import ROOT, SERVICES, github_api, notes
from cdp_actions.errors import ActionFailed
from cdp_actions.github_files import set_output
from cdp_actions.shell import attempt

#: Part -> paths that it is made of.
_PARTS = {
    "infrastructure": ("terraform/", "assets/dashboards/"),
    "transformation": ("processing_job/", "contracts/"),
}
#: Of all services.
_SHARED = ("contracts/", "microservices/kernel/", "helm/", "requirements/build.lock", ".dockerignore")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NOBODY = "0" * 40


def find(before: str, after: str) -> None:
    """Outputs `infrastructure`, `transformation` (true, false) and `services` (a JSON list).

    Where it is not known what changed (nothing was deployed yet, a forced push) all of it did.
    """
    files = _files(before, after)
    parts = {part: files is None or any(file.startswith(paths) for file in files) for part, paths in _PARTS.items()}
    services = [name for name in enabled() if files is None or any(_is_of(file, name) for file in files)]
    for part, touched in parts.items():
        set_output(part, str(touched).lower())
    set_output("services", json.dumps(services))
    rows = [["since", "not known, so all of it" if files is None else f"`{before[:12]}`"]]
    rows += [[part, "changed" if touched else "as it was"] for part, touched in parts.items()]
    notes.leave("facts", {"title": "What changed", "rows": [*rows, ["services", ", ".join(services) or "none"]]})


def deployed() -> str:
    """The commit of main that a push deployed last with success; empty if GitHub knows of none.

    Not the commit before the push: a run that failed, or that a newer push cancelled while it waited, deployed nothing.
    Runs by hand do not count, as GitHub does not tell which environment they went to.

    Raises:
        ActionFailed: GitHub's API cannot be reached.
    """
    path = f"/repos/{github_api.repository()}/actions/workflows/deploy.yml/runs"
    query = "branch=main&event=push&status=success&per_page=100"
    answer = github_api.call("GET", f"{path}?{query}", os.environ.get("GH_TOKEN", ""))
    if answer.status != 200:
        print(f"::warning title=changes::GitHub answered {answer.status} to GET {path}: all of it is deployed.")
        return ""
    # started, not created: an older run that was run again went out after the newer ones
    runs = sorted((answer.body or {}).get("workflow_runs") or (), key=lambda run: str(run["run_started_at"]))
    return str(runs[-1]["head_sha"]) if runs else ""


def choose(given: str, service: str) -> None:
    """Output `services`: the JSON list that another workflow gave, or by hand one, or `all`.

    Raises:
        ActionFailed: there is no such service.
    """
    services = json.loads(given) if given else enabled() if service == "all" else [service]
    if unknown := [name for name in services if name not in SERVICES]:
        raise ActionFailed(f"there is no service {unknown[0]!r}", f"Choose of {', '.join(SERVICES)}.")
    set_output("services", json.dumps(services))


def enabled() -> list[str]:
    """The services that this repository deploys: the variable SERVICES, a JSON list; all of them if it is not set.

    Raises:
        ActionFailed: it is no list of services.
    """
    try:
        named = set(json.loads(os.environ.get("ENABLED_SERVICES") or json.dumps(SERVICES)))
    except (ValueError, TypeError):
        named = {""}
    if not named <= set(SERVICES):
        advice = f"Set it to some of {json.dumps(SERVICES)}, or remove it."
        raise ActionFailed("the variable SERVICES is no JSON list of services", advice)
    return [name for name in SERVICES if name in named]


def _files(before: str, after: str) -> list[str] | None:
    if not _COMMIT.fullmatch(before) or before == _NOBODY or not _COMMIT.fullmatch(after):
        return None
    done = attempt(["git", "diff", "--name-only", "-z", before, after], cwd=ROOT)
    return None if done.code else [name for name in done.out.split("\0") if name]


def _is_of(file: str, service: str) -> bool:
    return file.startswith((f"microservices/{service}/", *_SHARED))

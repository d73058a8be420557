"""One command in a private cluster, by `az aks command invoke`: its result is read, not believed.

The CLI returns 0 whatever the command did, so it is asked for JSON: the call counts only if provisioningState is
Succeeded, and exitCode is the command's own. Sources: learn.microsoft.com/azure/aks/access-private-cluster; azure-cli
issues 22870 (size of files), 23808 (return code), 27776 (no place for the pod).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdp_actions.errors import ActionFailed
from cdp_actions.shell import Done, attempt, last_lines, pause

#: All files travel in one request to Azure, zipped and in base64; beyond some megabytes it is refused.
FILES_LIMIT = 1024 * 1024
#: Azure cuts the output here.
OUTPUT_LIMIT = 512 * 1024
ATTEMPTS = 3
_PAUSE_SECONDS = 20.0
#: Where the command cannot have begun: its pod was never placed, or the request never arrived.
_NOT_BEGUN = (
    "KubernetesPerformanceError",
    "failed to schedule",
    "TooManyRequests",
    "OperationNotAllowed: Another operation",
    "ServiceUnavailable",
)


@dataclass(frozen=True)
class Invoked:
    """What a command in the cluster left. `cut` if Azure may have cut the end of `logs`."""

    code: int
    logs: str
    cut: bool


def invoke(group: str, cluster: str, command: str, files: Sequence[Path] = (), *, repeatable: bool = False) -> Invoked:
    """Run a command in the cluster and wait for it, five minutes at most.

    Args:
        command: a shell command; kubectl, helm and jq are there. It is kept in Azure's activity log: no secret.
        files: put beside the command, under their own names.
        repeatable: it may be run again where it is not known whether it ran.

    Raises:
        ActionFailed: the files are too large, the command could not be run, or it is not known what came of it.
    """
    check_files(files)
    words = ["az", "aks", "command", "invoke", "--resource-group", group, "--name", cluster, "--command", command]
    for file in files:
        words += ["--file", str(file)]
    for attempts_left in range(ATTEMPTS - 1, -1, -1):
        done = attempt([*words, "--output", "json"])
        result = _parsed(done)
        if result and result.get("provisioningState") == "Succeeded":
            return _invoked(result)
        again = repeatable or _not_begun(done, result)
        if not again or not attempts_left:
            raise _unknown(done, result, command)
        pause(_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def check_files(files: Sequence[Path]) -> None:
    """Refuse what Azure would refuse with a message that nobody understands.

    Raises:
        ActionFailed: a file is missing or a directory, two have one name, or all are too large.
    """
    for file in files:
        if not file.is_file():
            raise ActionFailed(
                f"{file} is no file", "Look at the step that makes it; directories cannot be sent: pack them."
            )
    if len({file.name for file in files}) < len(files):
        raise ActionFailed("two files of one name would overwrite each other in the cluster", "Rename one of them.")
    size = sum(file.stat().st_size for file in files)
    if size > FILES_LIMIT:
        raise ActionFailed(
            f"the files for the cluster have {size:,} bytes, {FILES_LIMIT:,} may be sent",
            "Leave out of the chart what it does not need (.helmignore); `tar -tvzf` of the package shows "
            "what is in it.",
        )


def _parsed(done: Done) -> dict[str, Any] | None:
    try:
        result = json.loads(done.out)
    except ValueError:
        return None
    return result if done.code == 0 and isinstance(result, dict) else None


def _invoked(result: dict[str, Any]) -> Invoked:
    code, logs = result.get("exitCode"), str(result.get("logs") or "")
    if not isinstance(code, int):
        raise ActionFailed(
            "the cluster told no exit code", "Look at the cluster (docs/troubleshooting.md), then run the job again."
        )
    cut = len(logs.encode()) >= OUTPUT_LIMIT
    print(logs, flush=True)
    if cut:
        print(f"::warning::The output was cut by Azure at {OUTPUT_LIMIT // 1024} KiB; its end is missing.")
    return Invoked(code, logs, cut)


def _not_begun(done: Done, result: dict[str, Any] | None) -> bool:
    said = f"{(result or {}).get('reason') or ''} {done.err}"
    return any(sign in said for sign in _NOT_BEGUN)


def _unknown(done: Done, result: dict[str, Any] | None, command: str) -> ActionFailed:
    what = " ".join(command.split()[:2])
    if result is None and ("AuthorizationFailed" in done.err or "Forbidden" in done.err):
        return ActionFailed(
            f"Azure refuses to run {what} in the cluster",
            "The identity needs Contributor on the subscription and RBAC Cluster Admin on the cluster "
            "(docs/access.md); "
            "roles that were just assigned take some minutes: then run the job again.",
        )
    if "RunCommand" in done.err and "disabled" in done.err:
        return ActionFailed(
            "the cluster takes no commands by Azure",
            "With runner_access = self_hosted it is reached from a runner in the network.",
        )
    state = (result or {}).get("provisioningState", f"az ended with {done.code}")
    said = last_lines(str((result or {}).get("reason") or done.err or done.out))
    if _not_begun(done, result):
        return ActionFailed(
            f"{what} found no place in the cluster ({said})",
            "All nodes are full or not ready: docs/troubleshooting.md, command 1. Then run the job again.",
        )
    return ActionFailed(
        f"it is not known what came of {what} in the cluster ({state}: {said})",
        "Look before you repeat it: docs/troubleshooting.md, commands 1 and 8. Then run the job again.",
    )

"""One service into the cluster: its chart, a smoke test, and back to the release before if that fails."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cdp_actions import ROOT, notes
from cdp_actions.cluster import Cluster, reach
from cdp_actions.errors import ActionFailed
from cdp_actions.shell import last_lines, run
from cdp_actions.values import deployed

#: Command invoke ends after five minutes.
_TIMEOUT = "4m"
_SEE = "docs/troubleshooting.md, commands 2 and 4, shows why. Mend it and push again."


def deploy(service: str, environment: str, image: str, platform: dict[str, Any], work: Path) -> None:
    """Package the chart, install it, try it.

    Args:
        image: repository@sha256:... as it was pushed.
        platform: outputs of the root platform.
        work: where the package and the values are written; nothing in them is secret.

    Raises:
        ActionFailed: the release could not be installed, or failed its smoke test and was rolled back.
    """
    release, namespace = f"{service}-ingestion", str(platform["services"]["namespace"])
    files = [package(service, work), environment_values(service, environment, work)]
    files.append(
        _write(work / "deployed.yaml", deployed(service, image, platform, os.environ.get("SOURCE_EGRESS", "")))
    )
    cluster = reach(platform["cluster"])
    _make_namespace(cluster, namespace, work)
    before = revision(cluster, release, namespace)
    _install(cluster, release, namespace, files)
    try:
        smoke_test(cluster, release, namespace)
    except ActionFailed as failure:
        raise _rolled_back(cluster, release, namespace, before, failure) from None
    after = revision(cluster, release, namespace)
    notes.leave(
        "facts", {"title": release, "rows": [["image", image], ["revision", str(after)], ["smoke test", "passed"]]}
    )


def package(service: str, work: Path) -> Path:
    """The chart with its library in it, as one file."""
    chart = ROOT / "microservices" / service / "helm"
    advice = "`helm lint` of the chart tells what is wrong; make test runs it."
    run(["helm", "dependency", "build", chart], advice)
    run(["helm", "package", chart, "--destination", work], advice)
    found = sorted(work.glob(f"{service}-ingestion-*.tgz"))
    if not found:
        raise ActionFailed("helm made no package", advice)
    return found[-1]


def environment_values(service: str, environment: str, work: Path) -> Path:
    """The environment's values, beside the package."""
    source = ROOT / "microservices" / service / "helm" / f"values-{environment}.yaml"
    target = work / source.name
    target.write_bytes(source.read_bytes())
    return target


def revision(cluster: Cluster, release: str, namespace: str) -> int | None:
    """The revision that is deployed; None if there is none."""
    command = ["helm", "history", release, "--namespace", namespace, "--max", "20", "--output", "json"]
    found = cluster.call(command, repeatable=True)
    if found.code:
        if "not found" in found.logs:
            return None
        raise ActionFailed(f"the history of {release} cannot be read: {last_lines(found.logs)}", _SEE)
    try:  # warnings may stand around what helm prints
        history = json.loads(found.logs[found.logs.index("[") : found.logs.rindex("]") + 1])
        deployed_ones = [int(one["revision"]) for one in history if one["status"] == "deployed"]
    except (ValueError, KeyError, TypeError):
        raise ActionFailed(f"the history of {release} is not what helm prints", _SEE) from None
    return max(deployed_ones, default=None)


def smoke_test(cluster: Cluster, release: str, namespace: str) -> None:
    """helm's own test of the release, then the service's check of its source and its lake.

    Raises:
        ActionFailed: one of the two failed.
    """
    ready = ["helm", "test", release, "--namespace", namespace, "--timeout", _TIMEOUT, "--logs"]
    _must(cluster, ready, f"{release} does not answer")
    check = ["kubectl", "exec", "--namespace", namespace, f"deployment/{release}", "--", release, "check"]
    _must(cluster, check, f"{release} does not reach its source or its lake")


def _make_namespace(cluster: Cluster, namespace: str, work: Path) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
    file = _write(work / "namespace.json", manifest)
    made = cluster.call(["kubectl", "apply", "--filename", file.name], [file], repeatable=True)
    if made.code:
        raise ActionFailed(f"the namespace {namespace} cannot be made: {last_lines(made.logs)}", _SEE)


def _install(cluster: Cluster, release: str, namespace: str, files: Sequence[Path]) -> None:
    chart, *values = files
    given = [word for file in values for word in ("--values", file.name)]
    command = ["helm", "upgrade", "--install", release, chart.name, "--namespace", namespace, *given]
    # --atomic: helm itself goes back if the pods do not become ready
    done = cluster.call([*command, "--atomic", "--timeout", _TIMEOUT, "--history-max", "5"], files)
    if done.code:
        what = f"helm did not install {release}, and left what was there: {last_lines(done.logs)}"
        notes.leave("facts", {"title": release, "rows": [["installed", "no; the release before still runs"]]})
        raise ActionFailed(what, _SEE)


def _rolled_back(
    cluster: Cluster, release: str, namespace: str, before: int | None, failure: ActionFailed
) -> ActionFailed:
    """The failure, with what became of the release."""
    verb = ["uninstall", release] if before is None else ["rollback", release, str(before)]
    told = "it was the first release, and was removed" if before is None else f"rolled back to revision {before}"
    advice = _SEE
    try:
        command = ["helm", *verb, "--namespace", namespace, "--wait", "--timeout", _TIMEOUT]
        _must(cluster, command, "NOT rolled back", repeatable=False)
    except ActionFailed as another:
        told = another.what if another.what.startswith("NOT") else f"NOT rolled back: {another.what}"
        advice = f"Roll back by hand: docs/troubleshooting.md, command 8. Then: {_SEE}"
    notes.leave("facts", {"title": release, "rows": [["smoke test", "failed"], ["then", told]]})
    return ActionFailed(f"{failure.what}; {told}", advice)


def _must(cluster: Cluster, command: Sequence[str], what: str, repeatable: bool = True) -> None:
    done = cluster.call(command, repeatable=repeatable)
    if done.code:
        raise ActionFailed(f"{what}: {last_lines(done.logs)}", _SEE)


def _write(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")  # JSON is YAML too
    return path

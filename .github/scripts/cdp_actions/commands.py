"""The commands by name. What differs from run to run comes as an option, what is secret in the environment."""

from __future__ import annotations

import json
import os
import tempfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cdp_actions import (
    changes,
    conversation,
    credentials,
    dashboards,
    databricks,
    deploy,
    github_token,
    images,
    notes,
    preflight,
    release,
    roles,
    summary,
    terraform,
    vaults,
)
from cdp_actions.errors import ActionFailed
from cdp_actions.github_files import set_output


def _let_in(given: Namespace) -> None:
    if preflight.runner_access(given.environment) == "public":
        vaults.let_in(given.environment)


def _plan(given: Namespace) -> None:
    terraform.plan(given.root, given.environment, given.destroy)


def _apply(given: Namespace) -> None:
    terraform.apply(given.root, given.environment, os.environ.get("APPROVED", ""), given.destroy)


def _outputs(given: Namespace) -> None:
    terraform.init(given.root, given.environment)
    found = terraform.keep_outputs(given.root)
    for name, value in _shared(given.root, found).items():
        set_output(name, value)


def _outputs_if_any(given: Namespace) -> None:
    """For a first plan: the lakehouse is planned only where there is a platform."""
    terraform.init(given.root, given.environment)
    if terraform.outputs(given.root):
        terraform.keep_outputs(given.root)


def _shared(root: str, found: dict[str, Any]) -> dict[str, str]:
    """What other jobs need."""
    if root == "platform":
        return {"registry": str(found["services"]["registry"]), "resources": json.dumps(found["resource_ids"])}
    return {"catalog": str(found["bundle"]["catalog"])}


def _deploy(given: Namespace) -> None:
    platform = terraform.kept_outputs("platform")
    with tempfile.TemporaryDirectory(dir=os.environ.get("RUNNER_TEMP")) as work:
        deploy.deploy(given.service, given.environment, os.environ.get("IMAGE", ""), platform, Path(work))


def _workspace(given: Namespace) -> None:
    databricks.use_outputs(terraform.kept_outputs("platform"), terraform.kept_outputs("lakehouse"))


def _result(given: Namespace) -> None:
    databricks.fetch_result(_catalog(), os.environ["RUN_ID"], given.file)


def _catalog() -> str:
    return str(terraform.kept_outputs("lakehouse")["bundle"]["catalog"])


def _comment(given: Namespace) -> None:
    text = summary.comment_text(given.title, given.environment)
    conversation.comment(os.environ["PULL_REQUEST"], f"{given.title} {given.environment}", text)


def _drift(given: Namespace) -> None:
    """Fails where the plans that were made in this job would change something."""
    changed = [note for kind, note in notes.found() if kind == "plan" and note["counts"]]
    text = summary.comment_text("Drift", given.environment) if changed else ""
    conversation.tell_drift(given.environment, text)
    if changed:
        raise ActionFailed(
            f"{given.environment} is not what main says",
            "Somebody changed it by hand, or main was not applied. Run `infrastructure` to bring it back, "
            "or put the change into "
            "the code first.",
        )


COMMANDS: dict[str, Callable[[Namespace], None]] = {
    "apply": _apply,
    "changes": lambda given: changes.find(os.environ.get("BEFORE", ""), os.environ.get("AFTER", "")),
    "check-roles": lambda given: roles.check(),
    "check-runner": lambda given: preflight.check_runner(given.environment),
    "check-variables": lambda given: preflight.check_variables(),
    "check-token": lambda given: github_token.check(),
    "choose": lambda given: changes.choose(os.environ.get("SERVICES", ""), os.environ.get("SERVICE", "")),
    "comment": _comment,
    "confirm-destroy": lambda given: preflight.confirm_destroy(given.environment, os.environ.get("TYPED", "")),
    "dashboards": lambda given: dashboards.import_all(terraform.kept_outputs("platform")),
    "deploy": _deploy,
    "drift": _drift,
    "image": lambda given: images.build(given.service),
    "job-deploy": lambda given: databricks.deploy(given.environment),
    "job-destroy": lambda given: databricks.destroy(given.environment, _catalog()),
    "job-result": _result,
    "job-run": lambda given: databricks.run_job(given.environment),
    "let-in": _let_in,
    "outputs": _outputs,
    "outputs-if-any": _outputs_if_any,
    "overview": lambda given: summary.write_overview(given.environment),
    "plan": _plan,
    "push": lambda given: images.push(given.service, os.environ.get("REGISTRY", "")),
    "release": lambda given: release.publish(),
    "secrets": lambda given: vaults.put_secrets(terraform.kept_outputs("platform")),
    "session": lambda given: credentials.session(terraform=os.environ.get("TERRAFORM") == "true"),
    "shut-out": lambda given: vaults.shut_out(given.environment),
    "sign": lambda given: images.sign(os.environ.get("IMAGE", ""), given.file),
    "summary": lambda given: summary.write(given.title, given.environment, given.costs),
    "workspace": _workspace,
}

"""Terraform's roots, one environment: plan, apply what was approved, read what came of it."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cdp_actions import ROOT, notes, plans
from cdp_actions.errors import ActionFailed
from cdp_actions.github_files import set_output, work_folder
from cdp_actions.plans import Plan
from cdp_actions.shell import attempt, last_lines, pause, run_json

ROOTS = {"platform": ("common", "platform"), "lakehouse": ("lakehouse",)}
#: Output of the plan where the platform is not there yet, and what is approved then.
FIRST = "first"
_TRIES = 3
_PAUSE_SECONDS = 60.0
_AGAIN = "Look at the lines above, mend what they name and run the workflow again; it goes on where it ended."
#: A sign in what Terraform says -> what to do. The first that fits counts.
_CURES = (
    (
        "state lock",
        "Another run works on this state: wait for it. If there is none: `terraform force-unlock` with the id above.",
    ),
    (
        "ScopeLocked",
        "A lock protects the resource group. Somebody who may remove it does so in the portal, then run it again.",
    ),
    (
        "still contains Resources",
        "The resources that are named above are not Terraform's: remove them in the portal, then run it again.",
    ),
    (
        r"quota|QuotaExceeded|SkuNotAvailable",
        "The subscription may not have so many machines of this kind here: ask for quota in the portal, "
        "or change vm_size in the tfvars.",
    ),
    (
        "already exists",
        "Somebody made it by hand, or the name is taken in all of Azure: import it, or change "
        "unique_suffix in common.tfvars.",
    ),
    ("ForbiddenByFirewall", "The vault does not let this runner in: look at the step that lets it in."),
    (
        r"AuthorizationFailed|ForbiddenByRbac|403",
        "A role is missing, or was assigned minutes ago: run the workflow `checks`, wait ten minutes, run this again.",
    ),
    (
        "Backend|backend|StorageAccount",
        "The state cannot be reached: has terraform/bootstrap been applied, and its output written to "
        "environments/<env>/backend.hcl?",
    ),
)
#: Roles are heeded only minutes after they were assigned.
_ROLE_TOO_NEW = re.compile(r"ForbiddenByRbac|does not have secrets \w+ permission|AuthorizationPermissionMismatch")


def init(root: str, environment: str) -> None:
    """Initialise a root with the environment's backend.

    Raises:
        ActionFailed: it cannot be; says what to do.
    """
    backend = ROOT / "terraform" / "environments" / environment / "backend.hcl"
    options = [f"-backend-config={backend}", f"-backend-config=key={root}.tfstate", "-reconfigure"]
    _must(root, ["init", "-input=false", "-no-color", *options])


def plan(root: str, environment: str, destroy: bool = False) -> Plan | None:
    """Plan a root; the fingerprint becomes an output of the step, the changes a part of the summary.

    Returns:
        None if the lakehouse cannot be planned, as there is no workspace yet, or none any more.

    Raises:
        ActionFailed: it cannot be planned, or would destroy data without being told to.
    """
    init(root, environment)
    if root == "lakehouse" and not _has_platform():
        set_output("fingerprint", "" if destroy else FIRST)
        set_output("changes", "0")
        notes.leave("plan", {"root": root, "counts": {}, "changes": [], "later": not destroy})
        return None
    with _plan_file(root) as file:
        made = _planned(root, environment, destroy, file)
    set_output("fingerprint", made.fingerprint)
    set_output("changes", str(len(made.changes)))
    _tell(root, made)
    if not destroy:
        _keep_data(made)
    return made


def apply(root: str, environment: str, approved: str, destroy: bool = False) -> None:
    """Plan a root again, hold the plan to the approved one, and do it.

    Args:
        approved: fingerprint of the plan that was looked at; FIRST for a lakehouse whose workspace was not there
            yet: then only creations pass.

    Raises:
        ActionFailed: the plan is another one now, or Terraform failed.
    """
    init(root, environment)
    if destroy and root == "lakehouse" and not _has_platform():  # as it was when it was planned
        _tell(root, Plan((), ""), done=True)
        return
    first: Plan | None = None
    for tries_left in range(_TRIES - 1, -1, -1):
        with _plan_file(root) as file:
            made = _planned(root, environment, destroy, file)
            _check_approved(made, first, approved)
            if not destroy:
                _keep_data(made)
            first = first or made
            if not made.changes:
                break
            done = attempt(["terraform", "apply", "-input=false", "-no-color", str(file)], cwd=_folder(root))
            print(done.out, flush=True)
        if done.code == 0:
            break
        if not tries_left or not _ROLE_TOO_NEW.search(done.err):
            raise _failure(root, "apply", done.err)
        print("A role that was just assigned is not heeded yet; trying again.", flush=True)
        pause(_PAUSE_SECONDS)
    _tell(root, first, done=True)


def outputs(root: str) -> dict[str, Any]:
    """The outputs of an initialised root that are not sensitive; empty if it was never applied.

    Raises:
        ActionFailed: the state cannot be read.
    """
    found = run_json(["terraform", "output", "-json", "-no-color"], _AGAIN, cwd=_folder(root))
    return {name: output["value"] for name, output in found.items() if not output.get("sensitive")}


def keep_outputs(root: str) -> dict[str, Any]:
    """Write them where the later steps of the job find them (`kept_outputs`), and into the summary.

    Raises:
        ActionFailed: there are none yet.
    """
    found = outputs(root)
    if not found:
        raise ActionFailed(f"{root} was never applied in this environment", "Run the workflow `infrastructure` first.")
    _kept(root).write_text(json.dumps(found), encoding="utf-8")
    if root == "platform":
        (work_folder() / "lakehouse.tfvars.json").write_text(json.dumps(found.get("lakehouse", {})), encoding="utf-8")
        notes.leave("resources", found.get("resource_ids", {}))
    notes.leave("outputs", {"root": root, "values": found})
    return found


def kept_outputs(root: str) -> dict[str, Any]:
    """What `keep_outputs` wrote earlier in this job."""
    if not _kept(root).exists():
        raise ActionFailed(f"the outputs of {root} are not there", "Look at the step that reads them.")
    found: dict[str, Any] = json.loads(_kept(root).read_text(encoding="utf-8"))
    return found


def _planned(root: str, environment: str, destroy: bool, file: Path) -> Plan:
    folder = ROOT / "terraform" / "environments" / environment
    options = [f"-var-file={folder / f'{name}.tfvars'}" for name in ROOTS[root]]
    if root == "lakehouse":
        options.append(f"-var-file={work_folder() / 'lakehouse.tfvars.json'}")
    options += ["-destroy"] if destroy else []
    _must(root, ["plan", "-input=false", "-no-color", "-lock-timeout=5m", f"-out={file}", *options])
    shown = run_json(["terraform", "show", "-json", str(file)], _AGAIN, cwd=_folder(root))
    return plans.read(shown, os.environ.get("STATE_ENCRYPTION_KEY", ""), os.environ.get("RUNNER_ADDRESS", ""))


def _check_approved(made: Plan, first: Plan | None, approved: str) -> None:
    if first is not None:  # a second try: what is left of the first
        if plans.within(made, first):
            return
    elif approved == FIRST and all(change.action == "create" for change in made.changes):
        return
    elif made.fingerprint == approved or not made.changes:
        return
    counted = ", ".join(f"{count} to {action}" for action, count in made.counts.items())
    raise ActionFailed(
        f"what would be done now ({counted}) is not what was approved",
        "Something changed since the plan. Run the workflow again, look at the new plan, and approve that.",
    )


def _keep_data(made: Plan) -> None:
    if made.destroys_data and os.environ.get("ALLOW_DATA_LOSS") != "true":
        raise ActionFailed(
            f"the plan would destroy data: {', '.join(made.destroys_data[:5])}",
            "If this is wanted, set the variable ALLOW_DATA_LOSS of the environment to true for this run. "
            "Else change the code.",
        )


def _tell(root: str, made: Plan | None, done: bool = False) -> None:
    if made is not None:
        changes = [[change.action, change.address] for change in made.changes]
        notes.leave("plan", {"root": root, "counts": made.counts, "changes": changes, "later": False, "done": done})


def _must(root: str, command: list[str]) -> None:
    done = attempt(["terraform", *command], cwd=_folder(root))
    print(done.out, flush=True)
    if done.code:
        raise _failure(root, command[0], done.err)


def _failure(root: str, verb: str, said: str) -> ActionFailed:
    cure = next((cure for sign, cure in _CURES if re.search(sign, said)), _AGAIN)
    errors = [line for line in said.splitlines() if "Error:" in line]
    told = " / ".join(error.strip("│ ") for error in errors[:3]) or last_lines(said)
    return ActionFailed(f"terraform {verb} of {root} failed: {told}", cure)


def _has_platform() -> bool:
    file = work_folder() / "lakehouse.tfvars.json"
    return file.exists() and bool(json.loads(file.read_text(encoding="utf-8")))


@contextmanager
def _plan_file(root: str) -> Iterator[Path]:
    """A place for the plan, which holds values in clear; gone afterwards."""
    with tempfile.TemporaryDirectory(dir=work_folder()) as folder:
        yield Path(folder) / f"{root}.tfplan"


def _folder(root: str) -> Path:
    return ROOT / "terraform" / root


def _kept(root: str) -> Path:
    return work_folder() / f"{root}-outputs.json"

"""One job: its steps in order, each with what the runner would give it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cdp_dryrun import here
from cdp_dryrun.expressions import Unsupported, as_text, condition, fill
from cdp_dryrun.files import pairs
from cdp_dryrun.world import ROOT, World

Steps = dict[str, dict[str, Any]]
_SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]


@dataclass
class JobResult:
    """How a job ended, and what it left. `log` holds what its programs printed."""

    name: str
    result: str
    steps: Steps = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""


@dataclass
class Scope:
    """Where steps run: a job, or a composite action within it, which has its own inputs and steps."""

    contexts: dict[str, Any]
    steps: Steps = field(default_factory=dict)
    failed: bool = False
    parent: Scope | None = None

    @property
    def job_failed(self) -> bool:
        """Whether anything failed so far, here or around."""
        return self.failed or (self.parent is not None and self.parent.job_failed)


class Job:
    """Runs the steps of one job.

    Args:
        contexts: github, inputs, vars, secrets, needs, matrix, runner.
        actions: outputs of actions of others, by name without version.
        fail_step: id of the step that is to fail, whatever it would do.
        only_told: run nothing but the summary, and that in this process: all other `run` steps are taken as done, with
            these outputs by their id. So a failure costs little.
    """

    def __init__(
        self,
        name: str,
        contexts: dict[str, Any],
        world: World,
        actions: Mapping[str, dict[str, str]],
        fail_step: str | None = None,
        only_told: Mapping[str, dict[str, str]] | None = None,
    ) -> None:
        self._name, self._world, self._actions = name, world, actions
        self._fail_step, self._only_told = fail_step, only_told
        self._contexts = contexts
        self._temp = world.temp / name.replace("/", "-").replace(" ", "-")
        self._temp.mkdir(parents=True, exist_ok=True)
        self._summary = self._temp / "summary.md"
        self._environment: dict[str, str] = {}
        self._path: list[str] = []
        self._log: list[str] = []

    def run(self, job: dict[str, Any], workflow_environment: dict[str, Any]) -> JobResult:
        """Run all steps and fill in the job's outputs."""
        scope = Scope(self._contexts)
        for group in (workflow_environment, job.get("env") or {}):
            self._environment |= self._filled(group, scope)
        for step in job["steps"]:
            self._step(step, scope)
        scope.contexts = {**self._contexts, "steps": scope.steps}
        outputs = {name: as_text(fill(value, scope.contexts)) for name, value in (job.get("outputs") or {}).items()}
        text = self._summary.read_text(encoding="utf-8") if self._summary.exists() else ""
        result = "failure" if scope.failed else "success"
        return JobResult(self._name, result, scope.steps, outputs, text, "".join(self._log))

    def _step(self, step: dict[str, Any], scope: Scope) -> None:
        name = str(step.get("id") or step.get("name") or step.get("uses"))
        contexts = self._seen(scope)
        functions = {
            "always": lambda: True,
            "cancelled": lambda: False,
            "failure": lambda: scope.job_failed,
            "success": lambda: not scope.job_failed,
        }
        if not condition(step.get("if"), contexts, functions):
            self._note(step, scope, "skipped", {})
            return
        outputs: dict[str, str] = {}
        if step.get("id") and step["id"] == self._fail_step and scope.parent is None:
            self._log.append(f"planted failure of {name}\n")
            outcome = False
        elif "uses" in step:
            outcome, outputs = self._use(step, scope, contexts)
        else:
            outcome, outputs = self._run(step, scope, contexts)
        self._note(step, scope, "success" if outcome else "failure", outputs)
        scope.failed = scope.failed or not outcome

    @staticmethod
    def _note(step: dict[str, Any], scope: Scope, outcome: str, outputs: dict[str, str]) -> None:
        if step.get("id"):
            scope.steps[step["id"]] = {"outcome": outcome, "conclusion": outcome, "outputs": outputs}

    def _use(self, step: dict[str, Any], scope: Scope, contexts: dict[str, Any]) -> tuple[bool, dict[str, str]]:
        given = self._filled(step.get("with") or {}, scope)
        if not step["uses"].startswith("./"):
            action = step["uses"].partition("@")[0]
            known = dict(self._actions.get(action, {}))
            secrets = set(self._contexts["secrets"].values())  # an action is given them, a record is not
            shown = [f"{key}={'***' if value in secrets else value}" for key, value in sorted(given.items())]
            if "output-file" in given:
                (self._world.workspace / given["output-file"]).touch()
            return self._world.record("uses", action, *shown), known
        action = read_yaml(ROOT / step["uses"] / "action.yml")
        declared = {name: str(one.get("default", "")) for name, one in (action.get("inputs") or {}).items()}
        if unknown := set(given) - set(declared):
            raise Unsupported(f"{step['uses']} has no input {unknown}")
        inner = Scope({**contexts, "inputs": declared | given}, parent=scope)
        del inner.contexts["secrets"]  # a composite action sees none
        for one in action["runs"]["steps"]:
            self._step(one, inner)
        inner.contexts["steps"] = inner.steps
        outputs = {n: as_text(fill(o["value"], inner.contexts)) for n, o in (action.get("outputs") or {}).items()}
        return not inner.failed, outputs

    def _run(self, step: dict[str, Any], scope: Scope, contexts: dict[str, Any]) -> tuple[bool, dict[str, str]]:
        command = str(step["run"])
        if "${{" in command:
            raise Unsupported(f"an expression within run: {command}")
        if " pip install " in command:  # what it installs is here already
            return self._world.record("pip", command), {}
        if self._only_told is not None and ("id" in step or "always()" not in str(step.get("if"))):
            return True, dict(self._only_told.get(str(step.get("id")), {}))
        files = {
            name: self._temp / f"{name.lower()}-{len(self._log)}"
            for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH")
        }
        environment = {**self._world.environment, **self._runner(), **self._environment}
        environment |= self._filled(step.get("env") or {}, scope)
        environment |= {name: str(path) for name, path in files.items()} | {"GITHUB_STEP_SUMMARY": str(self._summary)}
        environment["PATH"] = os.pathsep.join([*self._path, environment["PATH"]])
        folder = self._world.workspace / step.get("working-directory", ".")
        code, said = self._execute(command, environment, folder)
        self._log.append(f"$ {command}\n{said}")
        self._environment |= pairs(files["GITHUB_ENV"])
        self._path += files["GITHUB_PATH"].read_text().split() if files["GITHUB_PATH"].exists() else []
        return code == 0, pairs(files["GITHUB_OUTPUT"])

    def _execute(self, command: str, environment: dict[str, str], folder: Path) -> tuple[int, str]:
        if self._only_told is not None:
            return here.run(command, environment)
        words = [*_SHELL, "-c", command]
        done = subprocess.run(
            words, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        return done.returncode, done.stdout

    def _runner(self) -> dict[str, str]:
        github = self._contexts["github"]
        return {
            "GITHUB_EVENT_NAME": github["event_name"],
            "GITHUB_REPOSITORY": github["repository"],
            "GITHUB_SHA": github["sha"],
            "GITHUB_WORKSPACE": github["workspace"],
            "GITHUB_API_URL": github["api_url"],
            "GITHUB_SERVER_URL": "https://github.com",
            "RUNNER_TEMP": str(self._temp),
            "RUNNER_ENVIRONMENT": self._contexts["runner"]["environment"],
        }

    def _seen(self, scope: Scope) -> dict[str, Any]:
        return {**scope.contexts, "steps": scope.steps, "env": self._environment}

    def _filled(self, values: dict[str, Any], scope: Scope) -> dict[str, str]:
        return {name: as_text(fill(value, self._seen(scope))) for name, value in values.items()}


@cache
def read_yaml(path: Path) -> dict[str, Any]:
    """A file's content, read once: nobody changes it."""
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def load(path: Path) -> dict[str, Any]:
    """A workflow; YAML reads its key `on` as true."""
    found: dict[Any, Any] = read_yaml(path)
    return {"on" if key is True else key: value for key, value in found.items()}

"""One run of a workflow: its jobs by their needs, and the workflows that they call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from cdp_dryrun.expressions import as_text, condition, fill
from cdp_dryrun.job import Job, JobResult, load
from cdp_dryrun.world import ROOT, World

WORKFLOWS = ROOT / ".github" / "workflows"


@dataclass(frozen=True)
class Settings:
    """What a repository on GitHub has, and how the run was started. The rest as for Job.

    Attributes:
        only_job: of all jobs run this one; the others are taken as done, with `given_outputs`.
    """

    secrets: Mapping[str, str]
    variables: Mapping[str, str]
    event_name: str = "workflow_dispatch"
    event: Mapping[str, Any] = field(default_factory=dict)
    api_url: str = "http://127.0.0.1:9"
    actions: Mapping[str, dict[str, str]] = field(default_factory=dict)
    self_hosted: bool = False
    ref: str = "refs/heads/main"
    fail_step: str | None = None
    only_told: Mapping[str, dict[str, str]] | None = None
    only_job: str | None = None
    given_outputs: Mapping[str, dict[str, str]] = field(default_factory=dict)


class WorkflowRun:
    """Runs a workflow. `results` has each job, those of called workflows as caller/job."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world, self._settings = world, settings
        self.results: dict[str, JobResult] = {}

    def run(self, name: str, inputs: Mapping[str, Any]) -> str:
        """Run `name`.yml as GitHub would on this event; success or failure.

        Args:
            inputs: of workflow_dispatch; those not given have their defaults.
        """
        workflow = load(WORKFLOWS / f"{name}.yml")
        declared = ((workflow["on"].get(self._settings.event_name) or {}).get("inputs")) or {}
        given = {key: one.get("default") for key, one in declared.items()} | dict(inputs)
        outcome, _ = self._jobs(workflow, given, dict(self._settings.secrets), "")
        return outcome

    def _jobs(
        self, workflow: dict[str, Any], inputs: dict[str, Any], secrets: dict[str, str], prefix: str
    ) -> tuple[str, dict[str, JobResult]]:
        done: dict[str, JobResult] = {}
        waiting = dict(workflow["jobs"])
        while waiting:
            name = next(name for name, job in waiting.items() if not set(_needs(job)) & set(waiting))
            done[name] = self._one(name, waiting.pop(name), workflow, inputs, secrets, prefix, done)
        return "failure" if any(job.result == "failure" for job in done.values()) else "success", done

    def _one(
        self,
        name: str,
        job: dict[str, Any],
        workflow: dict[str, Any],
        inputs: dict[str, Any],
        secrets: dict[str, str],
        prefix: str,
        done: dict[str, JobResult],
    ) -> JobResult:
        contexts = self._contexts(inputs, secrets)
        contexts["needs"] = {
            other: {"result": done[other].result, "outputs": done[other].outputs} for other in _needs(job)
        }
        results = [done[other].result for other in _ancestors(job, workflow["jobs"])]
        functions = {
            "always": lambda: True,
            "cancelled": lambda: False,
            "failure": lambda: "failure" in results,
            "success": lambda: all(done[other].result == "success" for other in _needs(job))
            and "failure" not in results,
        }
        alone = self._settings.only_job
        if alone and prefix + name != alone:
            return JobResult(name, "success", outputs=dict(self._settings.given_outputs.get(name, {})))
        if not condition(job.get("if"), contexts, functions):
            return self._keep(prefix, JobResult(name, "skipped"))
        parts = []
        for matrix in _matrix(job, contexts):
            own = f"{name}-{'-'.join(map(str, matrix.values()))}" if matrix else name
            parts.append(self._part(own, job, workflow, {**contexts, "matrix": matrix}, prefix))
        return _joined(name, parts)

    def _part(
        self, name: str, job: dict[str, Any], workflow: dict[str, Any], contexts: dict[str, Any], prefix: str
    ) -> JobResult:
        if "uses" in job:
            return self._called(name, job, contexts, prefix)
        settings = self._settings
        one = Job(prefix + name, contexts, self._world, settings.actions, settings.fail_step, settings.only_told)
        return self._keep(prefix, one.run(job, workflow.get("env") or {}), name)

    def _called(self, name: str, job: dict[str, Any], contexts: dict[str, Any], prefix: str) -> JobResult:
        called = load(ROOT / job["uses"])
        declared = called["on"]["workflow_call"]
        given = {key: fill(value, contexts) for key, value in (job.get("with") or {}).items()}
        assert not set(given) - set(
            declared["inputs"]
        ), f"{job['uses']} has no input {set(given) - set(declared['inputs'])}"
        inputs = {key: one.get("default") for key, one in declared["inputs"].items()} | given
        secrets = {key: as_text(fill(value, contexts)) for key, value in (job.get("secrets") or {}).items()}
        assert not set(secrets) - set(declared.get("secrets") or {}), f"{job['uses']} knows no such secret"
        outcome, jobs = self._jobs(called, inputs, secrets, f"{prefix}{name}/")
        told = {job_name: {"outputs": result.outputs} for job_name, result in jobs.items()}
        outputs = {
            key: as_text(fill(one["value"], {"jobs": told})) for key, one in (declared.get("outputs") or {}).items()
        }
        return JobResult(name, outcome, outputs=outputs)

    def _contexts(self, inputs: dict[str, Any], secrets: dict[str, str]) -> dict[str, Any]:
        settings = self._settings
        github = {
            "event_name": settings.event_name,
            "event": settings.event,
            "repository": "retailer/platform",
            "ref": settings.ref,
            "sha": "a" * 40,
            "run_attempt": "1",
            "workspace": str(self._world.workspace),
            "api_url": settings.api_url,
            "token": settings.secrets.get("GITHUB_TOKEN", ""),
        }
        runner = {"os": "Linux", "environment": "self-hosted" if settings.self_hosted else "github-hosted"}
        return {
            "github": github,
            "inputs": inputs,
            "vars": settings.variables,
            "secrets": secrets,
            "matrix": {},
            "runner": runner,
        }

    def _keep(self, prefix: str, result: JobResult, name: str | None = None) -> JobResult:
        self.results[prefix + (name or result.name)] = result
        return result


def _needs(job: dict[str, Any]) -> list[str]:
    needs = job.get("needs") or []
    return [needs] if isinstance(needs, str) else list(needs)


def _ancestors(job: dict[str, Any], jobs: dict[str, Any]) -> set[str]:
    found = set(_needs(job))
    for name in tuple(found):
        found |= _ancestors(jobs[name], jobs)
    return found


def _matrix(job: dict[str, Any], contexts: dict[str, Any]) -> list[dict[str, Any]]:
    axes = {name: fill(values, contexts) for name, values in ((job.get("strategy") or {}).get("matrix") or {}).items()}
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def _joined(name: str, parts: list[JobResult]) -> JobResult:
    if len(parts) == 1:
        return JobResult(name, parts[0].result, parts[0].steps, parts[0].outputs, parts[0].summary, parts[0].log)
    bad = any(part.result == "failure" for part in parts)
    return JobResult(name, "failure" if bad else "success", outputs=parts[-1].outputs if parts else {})

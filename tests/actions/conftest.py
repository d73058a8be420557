"""Stand-ins of az and the like for single commands, and dry runs of whole workflows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cdp_dryrun.answers import happy
from cdp_dryrun.job import JobResult
from cdp_dryrun.repository import PLANTED, SECRETS, variables
from cdp_dryrun.server import Server, serving
from cdp_dryrun.workflow import Settings, WorkflowRun
from cdp_dryrun.world import Call, World


@dataclass(frozen=True)
class Ran:
    """What a dry run left."""

    outcome: str
    jobs: dict[str, JobResult]
    calls: list[Call]
    world: World

    def lines(self, *signs: str) -> list[str]:
        """Calls that hold all of the words, as lines."""
        return [call.line for call in self.calls if all(sign in call.line for sign in signs)]

    def summary(self, job: str) -> str:
        """A job's summary."""
        return self.jobs[job].summary

    def leaks(self) -> list[str]:
        """Where a planted secret can be seen; what is said to the runner to be masked is not seen by anybody."""
        seen = {f"call {number}": call.line for number, call in enumerate(self.calls)}
        for name, job in self.jobs.items():
            log = "\n".join(line for line in job.log.splitlines() if not line.startswith("::add-mask::"))
            seen |= {f"log of {name}": log, f"summary of {name}": job.summary, f"outputs of {name}": str(job.outputs)}
        for path in self.world.workspace.rglob("*"):
            if path.is_file() and not path.is_symlink():
                seen[str(path)] = path.read_bytes().decode(errors="replace")
        return [where for where, text in seen.items() if any(value in text for value in PLANTED)]


Dry = Callable[..., Ran]


@pytest.fixture
def server() -> Iterator[Server]:
    """GitHub's API on this machine."""
    with serving() as found:
        yield found


@pytest.fixture
def dry(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Dry:
    """Run a workflow: `dry("infrastructure", {"environment": "dev"}, fail_at=3, fail_step="scan", ...)`."""

    def run(
        workflow: str,
        inputs: dict[str, Any] | None = None,
        *,
        answers: Sequence[dict[str, Any]] | None = None,
        fail_at: int | None = None,
        more_variables: dict[str, str] | None = None,
        secrets: dict[str, str] | None = None,
        **settings: Any,
    ) -> Ran:
        world = World(tmp_path_factory.mktemp("dry"), happy() if answers is None else answers, fail_at)
        told = {**variables(server), **(more_variables or {})}
        ran = WorkflowRun(world, Settings({**SECRETS, **(secrets or {})}, told, api_url=server.url, **settings))
        outcome = ran.run(workflow, inputs or {})
        return Ran(outcome, ran.results, world.calls(), world)

    return run


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """Stand-ins on the PATH of this process: `machine(answers)`; `.calls()` of what comes back are the calls."""

    def make(answers: Sequence[dict[str, Any]], fail_at: int | None = None) -> World:
        world = World(tmp_path, answers, fail_at)
        for name, value in {**world.environment, "RUNNER_TEMP": str(world.temp)}.items():
            monkeypatch.setenv(name, value)
        for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"):
            monkeypatch.setenv(name, str(world.temp / name.lower()))
        return world

    return make

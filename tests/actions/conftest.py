"""Stand-ins of az and the like for single commands, and dry runs of whole workflows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cdp_dryrun.answers import happy  # noqa: E402
from cdp_dryrun.repository import SECRETS, variables  # noqa: E402
from cdp_dryrun.server import Server, serving  # noqa: E402
from cdp_dryrun.workflow import Settings, WorkflowRun  # noqa: E402
from cdp_dryrun.world import World  # noqa: E402
from dry_run_kit import Dry, Ran  # noqa: E402


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

"""`python3 -m cdp_dryrun infrastructure [--fail-at N] [KEY=VALUE ...]`: run a workflow here, print calls and
summaries."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from cdp_dryrun.answers import happy
from cdp_dryrun.repository import SECRETS, variables
from cdp_dryrun.server import serving
from cdp_dryrun.workflow import Settings, WorkflowRun
from cdp_dryrun.world import World


def main() -> int:
    """Exit code 1 if the workflow failed."""
    parser = argparse.ArgumentParser(prog="cdp_dryrun", description=__doc__)
    parser.add_argument("workflow")
    parser.add_argument("inputs", nargs="*", metavar="KEY=VALUE")
    parser.add_argument("--fail-at", type=int, help="number of the call, from 0, that fails")
    parser.add_argument("--logs", action="store_true", help="what the steps printed, too")
    given = parser.parse_args()
    inputs: dict[str, Any] = dict(pair.split("=", 1) for pair in given.inputs)
    inputs |= {key: value == "true" for key, value in inputs.items() if value in ("true", "false")}
    with tempfile.TemporaryDirectory() as folder, serving() as server:
        world = World(Path(folder), happy(first=given.workflow in ("infrastructure", "deploy")), given.fail_at)
        run = WorkflowRun(world, Settings(SECRETS, variables(server), api_url=server.url))
        outcome = run.run(given.workflow, inputs)
        for number, call in enumerate(world.calls()):
            print(f"{number:3} {call.line[:150]}")
        for name, result in run.results.items():
            print(f"\n===== {name}: {result.result}\n{result.log if given.logs else ''}{result.summary}")
    return 0 if outcome == "success" else 1


if __name__ == "__main__":
    sys.exit(main())

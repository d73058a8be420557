"""`python3 -m cdp_actions COMMAND`: one step of a workflow. Exit code 1 and a note for the summary if it failed."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from cdp_actions import notes
from cdp_actions.commands import COMMANDS, command
from cdp_actions.errors import ActionFailed


def main() -> int:
    """Run one command; its exit code."""
    parser = argparse.ArgumentParser(prog="cdp_actions", description=__doc__)
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument("--environment", default=os.environ.get("ENVIRONMENT", ""))
    parser.add_argument("--root", choices=("platform", "lakehouse"))
    parser.add_argument("--service", choices=("database", "api", "csv", "all"))
    parser.add_argument("--title", default="")
    parser.add_argument("--file", type=Path)
    parser.add_argument("--destroy", action="store_true")
    parser.add_argument("--costs", action="store_true")
    given = parser.parse_args()
    try:
        command(given.command)(given)
    except ActionFailed as failure:
        told = notes.redact(failure.what).replace("\n", " ")
        print(f"::error title={given.command}::{told} {notes.redact(failure.next_step).replace(chr(10), ' ')}")
        notes.leave("error", failure.what)
        notes.leave("next", failure.next_step)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

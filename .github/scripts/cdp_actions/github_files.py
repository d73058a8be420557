"""The files by which a step talks to the runner.

Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands (outputs, environment,
summary).
"""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

#: GitHub takes 1 MiB of summary a step.
SUMMARY_LIMIT = 1024 * 1024


def work_folder() -> Path:
    """Where the steps of one job leave files for each other; the runner empties it before each job."""
    return Path(os.environ.get("RUNNER_TEMP") or tempfile.gettempdir())


def set_output(name: str, value: str) -> None:
    """Give a value to later steps and jobs. Printed where there is no runner."""
    _append("GITHUB_OUTPUT", name, value)


def set_environment(name: str, value: str) -> None:
    """Set a variable for all later steps of the job."""
    _append("GITHUB_ENV", name, value)


def mask(value: str) -> None:
    """Let the runner blot out `value` in all that is logged from now on, line by line as it matches lines."""
    for line in value.splitlines():
        if line.strip():
            print(f"::add-mask::{line.strip()}", flush=True)


def add_summary(markdown: str) -> None:
    """Append to the job's summary, cut where GitHub would refuse all of it."""
    data = markdown.encode()
    if len(data) > SUMMARY_LIMIT:
        data = data[: SUMMARY_LIMIT - 200].decode(errors="ignore").encode() + b"\n\n(cut: the rest is in the log)\n"
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        print(data.decode())
        return
    with Path(path).open("ab") as file:
        file.write(data + b"\n")


def _append(variable: str, name: str, value: str) -> None:
    path = os.environ.get(variable)
    if not path:
        print(f"{name}={value}")
        return
    end = f"end-{secrets.token_hex(8)}"  # a value cannot end its own block, and so not smuggle in another name
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(f"{name}<<{end}\n{value}\n{end}\n")

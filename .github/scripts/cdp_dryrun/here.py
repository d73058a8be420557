"""A step of ours in this process: a tenth of the time, where hundreds of failures are tried. Only plain ones."""

from __future__ import annotations

import io
import os
import shlex
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from string import Template
from unittest import mock

from cdp_actions.__main__ import main

_START = ["python3", "-m", "cdp_actions"]


def run(command: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """Exit code and output of `python3 -m cdp_actions ...`; what stands behind || is not done.

    Raises:
        ValueError: it is another command.
    """
    words = [Template(word).safe_substitute(environment) for word in shlex.split(command.partition("||")[0])]
    if words[:3] != _START:
        raise ValueError(f"not a command of ours: {command}")
    said = io.StringIO()
    with mock.patch.dict(os.environ, environment, clear=True), mock.patch.object(sys, "argv", words[2:]):
        with redirect_stdout(said):
            return main(), said.getvalue()

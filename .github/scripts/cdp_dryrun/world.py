"""The folder that a dry run happens in: a workspace, the stand-ins, and what they were called with."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
STAND_INS = ("az", "cosign", "databricks", "docker", "gh", "helm", "kubectl", "kubelogin", "make", "sudo", "terraform")
#: Of the repository, what a workspace does not show: a dry run must not use, or change, what was made here.
_HIDDEN = {".git", ".venv", ".tools", "snapshots", ".demo"}


@dataclass(frozen=True)
class Call:
    """A call of a program, or (`tool` is "uses") of an action."""

    tool: str
    words: tuple[str, ...]

    @property
    def line(self) -> str:
        """All of it."""
        return " ".join((self.tool, *self.words))


class World:
    """One for each run.

    Args:
        folder: an empty folder.
        answers: what the stand-ins answer, see answers.py.
        fail_at: number of the call, from 0, that fails.
    """

    def __init__(self, folder: Path, answers: Sequence[dict[str, Any]], fail_at: int | None = None) -> None:
        self.workspace, self.temp, self.home = (folder / name for name in ("workspace", "temp", "home"))
        self._calls, self._bin, answers_file = folder / "calls.jsonl", folder / "bin", folder / "answers.json"
        for path in (self.workspace, self.temp, self.home, self._bin):
            path.mkdir()
        for entry in ROOT.iterdir():
            if entry.name not in _HIDDEN:
                (self.workspace / entry.name).symlink_to(entry)
        for name in STAND_INS:
            self._stand_in(self._bin / name)
        # without site-packages, as the workflows' Python has none when it begins; and it starts in half the time
        python = self._bin / "python3"
        python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', encoding="utf-8")
        python.chmod(0o755)
        (self.workspace / ".venv" / "bin").mkdir(parents=True)
        self._stand_in(self.workspace / ".venv" / "bin" / "python")
        answers_file.write_text(json.dumps(list(answers)), encoding="utf-8")
        self._calls.touch()
        self.environment = {
            "PATH": f"{self._bin}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "CI": "true",
            "CDP_CALLS": str(self._calls),
            "CDP_ANSWERS": str(answers_file),
            "CDP_FAIL_AT": "" if fail_at is None else str(fail_at),
            "CDP_REAL": str(self._real_tools(folder)),
            "CDP_PAUSE_SECONDS": "0",
        }

    def calls(self) -> list[Call]:
        """All calls so far, in order."""
        lines = [json.loads(line) for line in self._calls.read_text(encoding="utf-8").splitlines()]
        return [Call(line["tool"], tuple(line["words"])) for line in lines]

    def record(self, tool: str, *words: str) -> bool:
        """Add a call that no program makes; False if it is the one that is to fail."""
        number = len(self.calls())
        with self._calls.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"tool": tool, "words": words, "folder": ""}) + "\n")
        return str(number) != self.environment["CDP_FAIL_AT"]

    @staticmethod
    def _stand_in(path: Path) -> None:
        # -I -S: starts in a few milliseconds, and no PYTHONPATH of the workflow reaches it
        script = Path(__file__).with_name("stand_in.py")
        text = script.read_text(encoding="utf-8").partition("\n")[2]
        path.write_text(f"#!{os.path.realpath(sys.executable)} -IS\n{text}", encoding="utf-8")
        path.chmod(0o755)

    @staticmethod
    def _real_tools(folder: Path) -> Path:
        """helm and terraform where they are to be had, for what needs neither cloud nor registry."""
        place = folder / "real"
        place.mkdir()
        for name in ("helm", "terraform"):
            own = ROOT / ".tools" / "bin" / name
            found = str(own) if own.exists() else shutil.which(name)
            if found:
                (place / name).symlink_to(found)
        return place

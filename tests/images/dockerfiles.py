"""What a Dockerfile says, and what of the repository reaches its build."""

from __future__ import annotations

import io
import json
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from string import Template

from docker.utils.build import exclude_paths
from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("database", "api", "csv")


@dataclass(frozen=True)
class Instruction:
    """One instruction; `value` with its continued lines joined."""

    name: str
    value: str

    @property
    def words(self) -> list[str]:
        """The value's words, options left out."""
        return [word for word in shlex.split(self.value) if not word.startswith("--")]

    def option(self, name: str) -> str | None:
        """The value of `--name=value`."""
        found = [word.partition("=")[2] for word in self.value.split() if word.startswith(f"--{name}=")]
        return found[0] if found else None

    @property
    def exec_form(self) -> list[str]:
        """The words of the form in brackets; fails on the shell form."""
        words = json.loads(self.value[self.value.index("[") :])
        assert isinstance(words, list)
        return words

    def pairs(self, known: dict[str, str]) -> dict[str, str]:
        """`NAME=value ...`, with `$NAME` of what is known put in."""
        parted = (word.partition("=") for word in self.words)
        return {name: Template(value).safe_substitute(known) for name, _, value in parted}


def dockerfile_of(service: str) -> Path:
    """Where the Dockerfile of a service is."""
    return ROOT / "microservices" / service / "Dockerfile"


def stages_of(dockerfile: Path) -> list[list[Instruction]]:
    """The stages in order; each begins with its FROM. What comes before the first (ARG) is left out."""
    parser = DockerfileParser(fileobj=io.BytesIO(dockerfile.read_bytes()))
    stages: list[list[Instruction]] = []
    for item in parser.structure:
        if item["instruction"] == "FROM":
            stages.append([])
        if item["instruction"] != "COMMENT" and stages:
            stages[-1].append(Instruction(item["instruction"], item["value"]))
    return stages


def sent_to_build(root: Path) -> set[str]:
    """The files below `root` that .dockerignore lets through, by the Docker SDK's own reading of it."""
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return {name for name in exclude_paths(str(root), patterns) if not (root / name).is_dir()} - {".dockerignore"}


def copy_context(root: Path, to: Path) -> Path:
    """The build's context: a copy of what is sent, links as links."""
    for name in sent_to_build(root):
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target, follow_symlinks=False)
    return to

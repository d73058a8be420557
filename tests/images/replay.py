"""Does what a Dockerfile says, instruction by instruction, in a jail."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from dockerfiles import Instruction
from jail import Jail

#: What the official Python images have set.
_BASE_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"}


@dataclass
class Image:
    """A stage that was replayed, and what it says of how to run it."""

    jail: Jail
    environment: dict[str, str] = field(default_factory=lambda: dict(_BASE_ENVIRONMENT))
    arguments: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)

    def _path(self, name: str) -> str:
        absolute = str(PurePosixPath(self.workdir) / name)
        return f"{absolute}/" if name.endswith("/") else absolute


def replay(stages: list[list[Instruction]], context: Path, work: Path, base: Jail, **arguments: str) -> Image:
    """The last stage; all begin as `base`. `arguments` are those of --build-arg.

    Raises:
        KeyError: an instruction that is not known here.
    """
    images: dict[str, Image] = {}
    for number, instructions in enumerate(stages):
        image = Image(Jail(work / f"stage-{number}", base.cache, base))
        for instruction in instructions[1:]:
            _DO[instruction.name](image, instruction, context, images, arguments)
        alias = instructions[0].words[2] if len(instructions[0].words) == 3 else str(number)
        images[alias] = image
    return image


def _run(image: Image, it: Instruction, context: Path, images: dict[str, Image], arguments: dict[str, str]) -> None:
    # pip's cache spares the second replay the download; what is in it is held to the hashes like anything else
    environment = {name: value for name, value in image.environment.items() if name != "PIP_NO_CACHE_DIR"}
    command = f"cd {image.workdir} && {it.value}"
    image.jail.run(command, environment | image.arguments | {"PIP_CACHE_DIR": "/cache"})


def _copy(image: Image, it: Instruction, context: Path, images: dict[str, Image], arguments: dict[str, str]) -> None:
    source_stage = it.option("from")
    *sources, target = it.words
    for source in sources:
        where = images[source_stage].jail.root / source.strip("/") if source_stage else context / source
        assert where.exists(), f"COPY {source}: not in the context; see .dockerignore"
        image.jail.copy_in(where, image._path(target))


def _env(image: Image, it: Instruction, context: Path, images: dict[str, Image], arguments: dict[str, str]) -> None:
    image.environment |= it.pairs(image.environment)


def _arg(image: Image, it: Instruction, context: Path, images: dict[str, Image], arguments: dict[str, str]) -> None:
    image.arguments |= {name: arguments.get(name, value) for name, value in it.pairs({}).items()}


def _label(image: Image, it: Instruction, context: Path, images: dict[str, Image], arguments: dict[str, str]) -> None:
    image.labels |= it.pairs(image.environment | image.arguments)


def _workdir(image: Image, it: Instruction, context: Path, images: dict[str, Image], arguments: dict[str, str]) -> None:
    image.workdir = image._path(it.value)
    (image.jail.root / image.workdir.strip("/")).mkdir(parents=True, exist_ok=True)


def _settle(image: Image, it: Instruction, context: Path, images: dict[str, Image], arguments: dict[str, str]) -> None:
    if it.name == "USER":
        image.user = it.value
    elif it.name == "EXPOSE":
        image.ports.append(int(it.value))
    else:
        setattr(image, {"CMD": "command"}.get(it.name, it.name.lower()), it.exec_form)


_DO = {
    "RUN": _run,
    "COPY": _copy,
    "ENV": _env,
    "ARG": _arg,
    "LABEL": _label,
    "WORKDIR": _workdir,
    **dict.fromkeys(("USER", "EXPOSE", "ENTRYPOINT", "CMD", "HEALTHCHECK"), _settle),
}

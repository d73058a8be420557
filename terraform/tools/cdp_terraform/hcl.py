"""Terraform files as plain Python: what tests, READMEs and costs read them by. No expression is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import hcl2

from cdp_terraform import TERRAFORM

#: What the parser adds to the content: signs of blocks, comments.
_MARKS = {"__is_block__", "__comments__", "__inline_comments__"}


@dataclass(frozen=True)
class Block:
    """A block of a file.

    Attributes:
        kind: `resource`, `data`, `module`, `variable`, `output`, `provider`, ...
        type: of a resource or data source; empty for others.
        name: its label; empty for a block without one.
        body: arguments and nested blocks; a nested block is a list of dicts, as it may be repeated.
        path: the file.
    """

    kind: str
    type: str
    name: str
    body: dict[str, Any]
    path: Path

    def __str__(self) -> str:
        return f"{self.path.relative_to(TERRAFORM)}: {self.kind} {self.type} {self.name}".rstrip()


def load(path: Path) -> dict[str, Any]:
    """A file's content, as python-hcl2 gives it.

    Raises:
        ValueError: it does not parse.
    """
    return _parsed(path, path.stat().st_mtime_ns)


@cache
def _parsed(path: Path, changed_at: int) -> dict[str, Any]:  # the parser is slow: a tenth of a second a file
    with path.open(encoding="utf-8") as handle:
        try:
            document: dict[str, Any] = hcl2.load(handle)
        except Exception as error:  # it raises many kinds
            raise ValueError(f"{path} does not parse: {str(error).splitlines()[0]}") from error
    return document


def plain(value: Any) -> Any:
    """`value` without the parser's marks: quotes around strings and keys, signs of blocks."""
    if isinstance(value, dict):
        return {plain(key): plain(inner) for key, inner in value.items() if key not in _MARKS}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


def tfvars(*paths: Path) -> dict[str, Any]:
    """The values of tfvars files; a later file's count."""
    merged: dict[str, Any] = {}
    for path in paths:
        merged |= plain(load(path))
    return merged


def files(folder: Path) -> list[Path]:
    """The .tf files of one folder, or of terraform/ and all below it."""
    found = sorted(folder.rglob("*.tf") if folder == TERRAFORM else folder.glob("*.tf"))
    return [path for path in found if ".terraform" not in path.parts]


def blocks(folder: Path, *kinds: str) -> Iterator[Block]:
    """The blocks of a folder's files, of the kinds named or all."""
    for path in files(folder):
        for kind, entries in load(path).items():
            if kind in _MARKS or (kinds and kind not in kinds):
                continue
            for entry in entries:
                yield from _opened(kind, entry, path)


def _opened(kind: str, entry: dict[str, Any], path: Path) -> Iterator[Block]:
    labels = {"resource": 2, "data": 2, "variable": 1, "output": 1, "module": 1, "provider": 1}.get(kind, 0)
    if labels == 0:
        yield Block(kind, "", "", plain(entry), path)
        return
    for first, inner in entry.items():
        if first in _MARKS:
            continue
        if labels == 1:
            yield Block(kind, "", plain(first), plain(inner), path)
            continue
        for second, body in inner.items():
            if second not in _MARKS:
                yield Block(kind, plain(first), plain(second), plain(body), path)


def units() -> list[Path]:
    """The folders that are roots or modules, each with Terraform files of its own."""
    return sorted({path.parent for path in files(TERRAFORM)})

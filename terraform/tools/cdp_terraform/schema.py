"""Holds every resource and data block to the providers' own schemas, with no provider installed.

The first half of `terraform validate`: the type exists; each argument and nested block is known and settable; what is
required is there; nothing is deprecated. No reference and no type is resolved.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdp_terraform import TERRAFORM
from cdp_terraform.hcl import files, load, plain

#: azurerm 5.2.0 and databricks 1.128.0, as `terraform providers schema -json` gives them.
SCHEMAS = TERRAFORM / "schema" / "provider"
_META = {"count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection", "timeouts", "id"}
_MARK = "__is_block__"
_MARKS = {_MARK, "__comments__", "__inline_comments__"}


@dataclass
class Checked:
    """What was found: how many blocks were looked at, and what is wrong."""

    blocks: int = 0
    problems: list[str] = field(default_factory=list)


def schemas(folder: Path = SCHEMAS) -> dict[str, dict[str, Any]]:
    """`resource` and `data`: type -> its block.

    Raises:
        ValueError: the schema files are missing.
    """
    merged: dict[str, dict[str, Any]] = {"resource": {}, "data": {}}
    for path in sorted(folder.glob("*.schema.json.gz")):
        schema = json.loads(gzip.decompress(path.read_bytes()))
        merged["resource"].update(schema["resources"])
        merged["data"].update(schema["data_sources"])
    if not merged["resource"]:
        raise ValueError(f"{folder} holds no *.schema.json.gz: without them nothing is checked; restore them from git")
    return merged


def check(paths: list[Path], known: dict[str, dict[str, Any]]) -> Checked:
    """Hold the blocks of some files to the schemas.

    Raises:
        ValueError: a file does not parse.
    """
    found = Checked()
    for path in paths:
        document = load(path)
        for kind, types in known.items():
            for entry in document.get(kind, []):
                for where, block_type, body in _named(kind, entry, path):
                    if block_type in types:
                        found.blocks += 1
                        _check_block(body, types[block_type], where, found.problems)
                    elif block_type.split("_")[0] in ("azurerm", "databricks"):
                        found.problems.append(f"{where}: no such type")
    return found


def report() -> int:
    """Check terraform/ and print the outcome; 1 if something is wrong.

    Raises:
        ValueError: schemas are missing, or a file does not parse.
    """
    paths = files(TERRAFORM)
    found = check(paths, schemas())
    for problem in found.problems:
        print(problem, file=sys.stderr)
    print(f"{found.blocks} blocks checked in {len(paths)} files, {len(found.problems)} problems")
    return 1 if found.problems or not found.blocks else 0


def _named(kind: str, entry: dict[str, Any], path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for quoted, named in entry.items():
        if quoted in _MARKS:
            continue
        for name, body in named.items():
            if name not in _MARKS:
                yield f"{path}: {kind} {plain(quoted)}.{plain(name)}", plain(quoted), body


def _items(body: dict[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """Name, value and whether it is a block, of a block's body; `dynamic` blocks opened."""
    for name, value in body.items():
        if name in _MARKS:
            continue
        if name == "dynamic":
            for entry in value:
                for label, inner in entry.items():
                    if label not in _MARKS:
                        yield plain(label), inner.get("content", [{}]), True
            continue
        yield plain(name), value, isinstance(value, list) and bool(value) and _is_block(value[0])


def _is_block(value: Any) -> bool:
    return isinstance(value, dict) and _MARK in value


def _check_block(body: dict[str, Any], schema: dict[str, Any], where: str, problems: list[str]) -> None:
    attributes, nested = schema.get("attributes", {}), schema.get("block_types", {})
    seen = set()
    for name, value, is_block in _items(body):
        seen.add(name)
        if name in nested:
            _check_nested(name, value, is_block, nested[name], where, problems)
        elif name in attributes:
            problems += [f"{where}: {name} {fault}" for fault in _faults(attributes[name])]
        elif name not in _META:
            problems.append(f"{where}: no argument or block named {name}")
    required = [name for name, attribute in attributes.items() if attribute.get("required")]
    required += [name for name, block in nested.items() if block.get("min_items")]
    problems += [f"{where}: {name} is required" for name in required if name not in seen]


def _faults(attribute: dict[str, Any]) -> Iterator[str]:
    if attribute.get("deprecated"):
        yield "is deprecated"
    if attribute.get("computed") and not (attribute.get("optional") or attribute.get("required")):
        yield "is read-only"


def _check_nested(
    name: str, value: Any, is_block: bool, schema: dict[str, Any], where: str, problems: list[str]
) -> None:
    if not is_block:
        problems.append(f"{where}: {name} is a block, not an argument")
        return
    limit = schema.get("max_items")
    if limit and len(value) > limit:
        problems.append(f"{where}: {len(value)} {name} blocks, at most {limit}")
    for entry in value:
        _check_block(entry, schema["block"], f"{where}.{name}", problems)

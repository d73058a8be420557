"""The READMEs of roots and modules: their tables of resources, variables and outputs are made from the code.

terraform-docs is not on the Go module proxy, hence this. Prose before the marks is written by hand and kept.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from cdp_terraform.hcl import blocks, units

BEGIN = "<!-- made from the code by make terraform-docs: begin -->"
END = "<!-- end -->"


def tables(folder: Path) -> str:
    """The generated part of a folder's README."""
    parts = [BEGIN]
    made = sorted({block.type for block in blocks(folder, "resource")})
    modules = sorted({block.body["source"] for block in blocks(folder, "module")})
    if made:
        parts += ["", "## Makes", "", *(f"- `{name}`" for name in made)]
    if modules:
        # a plain link target: ../modules/x as the code has it
        parts += ["", "## Modules", "", *(f"- [{Path(source).name}]({source}/README.md)" for source in modules)]
    parts += ["", "## Variables", "", "| name | type | default | meaning |", "| --- | --- | --- | --- |"]
    for block in sorted(blocks(folder, "variable"), key=lambda found: found.name):
        default = f"`{_expression(block.body['default'])}`" if "default" in block.body else "required"
        kind = _type(block.body["type"])
        parts.append(f"| `{block.name}` | {kind} | {default} | {_cell(block.body['description'])} |")
    outputs = sorted(blocks(folder, "output"), key=lambda found: found.name)
    if outputs:
        parts += ["", "## Outputs", "", "| name | meaning |", "| --- | --- |"]
        parts += [f"| `{block.name}` | {_cell(block.body['description'])} |" for block in outputs]
    return "\n".join([*parts, "", END])


def readme(folder: Path) -> str:
    """The whole README with its generated part renewed.

    Raises:
        ValueError: there is no README, or it has no marks.
    """
    path = folder / "README.md"
    if not path.exists() or BEGIN not in path.read_text(encoding="utf-8"):
        raise ValueError(f"{path}: write a heading and what the module is for, then the lines\n{BEGIN}\n{END}")
    text = path.read_text(encoding="utf-8")
    return re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: tables(folder), text, flags=re.DOTALL)


def write() -> list[Path]:
    """Write all READMEs anew."""
    written = []
    for folder in units():
        (folder / "README.md").write_text(readme(folder), encoding="utf-8")
        written.append(folder / "README.md")
    return written


def _type(value: str) -> str:
    """A type's outer name: the fields of objects are told in the description, and stand in the code."""
    text = _expression(value).removeprefix("${").removesuffix("}")
    outer = re.match(r"(map|list|set)\((object|\w+)", text)
    if outer:
        return f"{outer.group(1)} of {outer.group(2)}s"
    return text.split("(")[0]


def _expression(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, dict) and value:
        return "see the code"
    return str(value) if value != "" else '""'


def _cell(text: str) -> str:
    return text.replace("|", "\\|")

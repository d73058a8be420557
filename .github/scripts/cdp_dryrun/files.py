"""The files by which a step talks to its runner, read back as GitHub reads them."""

from __future__ import annotations

from pathlib import Path


def pairs(path: Path) -> dict[str, str]:
    """NAME=value, and NAME<<END ... END, of GITHUB_OUTPUT and GITHUB_ENV.

    Raises:
        ValueError: a line is neither: GitHub fails the step.
    """
    found: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    while lines:
        line = lines.pop(0)
        if "<<" in line and "=" not in line.partition("<<")[0]:
            name, _, end = line.partition("<<")
            value = []
            while lines and lines[0] != end:
                value.append(lines.pop(0))
            if not lines:
                raise ValueError(f"{name} has no end")
            lines.pop(0)
            found[name] = "\n".join(value)
        elif "=" in line:
            name, _, value_text = line.partition("=")
            found[name] = value_text
        elif line.strip():
            raise ValueError(f"neither a value nor a block: {line[:20]}")
    return found

"""The report of an idle run: that of the last whole run, if it is somewhere still as that run wrote it.

Known by its content, since another lake's run may have written to the same file since, or one that was held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path


def mark(report: Path) -> dict[str, str]:
    """Where a report is, and what it is known by; for the summary of its run. Raises OSError."""
    return {"path": str(report.resolve()), "sha256": _digest(report.read_bytes())}


def brought(marked: Mapping[str, str], to: Path) -> bool:
    """True if that report is at `to`; it is brought there if need be. False if it is nowhere any more.

    Raises:
        OSError: `to` cannot be written.
    """
    if not marked:
        return False
    if _content(to, marked) is None:
        content = _content(Path(marked["path"]), marked)
        if content is None:
            return False
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(content)
    return True


def _content(report: Path, marked: Mapping[str, str]) -> bytes | None:
    """None if it is not there, or another."""
    try:
        content = report.read_bytes()
    except OSError:
        return None
    return content if _digest(content) == marked["sha256"] else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

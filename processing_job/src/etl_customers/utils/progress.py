"""Progress as commits carry it: read from the newest back, through RESTOREs and commits that say nothing of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from etl_customers.utils.delta_log import LoggedCommit


@dataclass(frozen=True)
class Commit:
    """What one step consumed, by which definition of its target, and what it counted, if it did: written into the
    commit of the target.

    Attributes:
        consumed: source -> the version up to which the target holds it.
        tables: source -> the id of the table whose version that is; a table that was made anew counts from 0 again.
    """

    run_id: str
    consumed: dict[str, int]
    definition: str = ""
    figures: dict[str, Any] | None = None
    tables: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """As `userMetadata`."""
        told: dict[str, Any] = {"run_id": self.run_id, "consumed": self.consumed}
        if self.tables:
            told["tables"] = self.tables
        if self.definition:
            told["definition"] = self.definition
        if self.figures is not None:
            told["figures"] = self.figures
        return json.dumps(told, sort_keys=True)


@dataclass(frozen=True)
class Progress:
    """Where a table stands.

    Attributes:
        version: its newest version.
        consumed: the version of the source up to which it holds everything; None if it must be read from the start.
        fresh: it has never held a row, so that an append will do where else a MERGE is needed.
    """

    version: int
    consumed: int | None
    fresh: bool


@dataclass(frozen=True)
class Consumed:
    """What a commit says of a source: its version, the definition that consumed it, and the table's id, if it does."""

    version: int
    definition: str
    table: str | None


def consumed(commits: dict[int, LoggedCommit], newest: int, source: str) -> Consumed | None:
    """The progress in the newest commit that has one, following each RESTORE to the version it brought back."""
    version = newest
    while version in commits:
        commit = commits[version]
        if commit.operation == "RESTORE":
            restored = commit.parameters.get("version")
            if restored is None or not restored.isdigit():
                return None  # restored by timestamp: reading all again is safe, only slower
            version = int(restored)
            continue
        found = _consumed_in(commit.metadata, source)
        if found is not None:
            return found
        version -= 1
    return None


def is_of_another(commit: LoggedCommit, run_id: str) -> bool:
    """True if another run than that one may have changed rows by it. A table's creation, which is empty, changes none
    and names no run.
    """
    if not commit.changes_rows or commit.is_creation:
        return False
    try:
        return bool(json.loads(commit.metadata or "{}").get("run_id") != run_id)
    except (ValueError, AttributeError):  # somebody else's metadata
        return True


def _consumed_in(metadata: str | None, source: str) -> Consumed | None:
    """None if the commit says nothing of the source."""
    try:
        facts = json.loads(metadata or "{}")
        found, table = (facts.get(part, {}).get(source) for part in ("consumed", "tables"))
        definition = facts.get("definition", "")
    except (ValueError, AttributeError):  # somebody else's metadata
        return None
    return Consumed(found, definition, table) if isinstance(found, int) else None

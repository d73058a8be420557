"""A Delta table's commits by its log. On a local disk the log's files are read as they are: a query for each look at a
version costs a small lake more than its rows do. Elsewhere Delta's own history is asked.

Source: https://github.com/delta-io/delta/blob/master/PROTOCOL.md ("Delta Log Entries", "Commit Provenance Information")
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from etl_customers.utils.address import Address

_COMMIT_FILE = re.compile(r"\d{20}\.json")
#: Operations that leave every row as it was: they move rows between files (`dataChange` is false, so that the change
#: feed skips them), delete files that no version needs, give all rows a NULL more, or change how the table is kept.
_SAME_ROWS = frozenset(
    (
        *("OPTIMIZE", "REORG", "VACUUM START", "VACUUM END"),
        *("ADD COLUMNS", "CLUSTER BY", "SET TBLPROPERTIES", "UPGRADE PROTOCOL"),
    )
)
#: By operation, the metrics that together count the rows added, changed and removed.
_ROW_METRICS = {
    "WRITE": ("numOutputRows",),
    "MERGE": ("numTargetRowsInserted", "numTargetRowsUpdated", "numTargetRowsDeleted"),
    "DELETE": ("numDeletedRows",),
}
_FEW = 20


@dataclass(frozen=True)
class LoggedCommit:
    """One version of a table. `parameters` and `metrics` as Delta's history shows them, `metadata` is userMetadata,
    `at` is when it was made, in seconds since 1970.
    """

    version: int
    operation: str
    parameters: Mapping[str, str]
    metrics: Mapping[str, str]
    metadata: str | None
    at: float = field(default=0.0, compare=False)  # the log's files and Delta's history differ by milliseconds

    @property
    def changes_rows(self) -> bool:
        """False if every row is as it was in the version before."""
        return self.operation not in _SAME_ROWS

    @property
    def is_creation(self) -> bool:
        """True if it made the table, and without a row: by CREATE TABLE, but not by a copy or in another's place."""
        return self.operation.startswith("CREATE TABLE") and self.metrics.get("numOutputRows", "0") == "0"

    @property
    def rows(self) -> int | None:
        """How many rows it added, changed or removed; None if that is not on record, as of an overwrite."""
        if not self.changes_rows:
            return 0
        names = _ROW_METRICS.get(self.operation, ())
        if not names or self.parameters.get("mode") == "Overwrite":
            return None
        counted = [self.metrics.get(name, "") for name in names]
        return sum(map(int, counted)) if all(map(str.isdigit, counted)) else None


def commits(spark: SparkSession, address: Address, limit: int | None = None) -> list[LoggedCommit]:
    """The table's newest `limit` commits, or all that its log still has; newest first."""
    files = commit_files(address.directory)
    if files:
        return [_from_file(file) for file in files[:limit]]
    table = address.delta(spark)
    rows = (table.history() if limit is None else table.history(limit)).collect()
    return [
        LoggedCommit(
            row["version"],
            row["operation"],
            _texts(row["operationParameters"]),
            _texts(row["operationMetrics"]),
            row["userMetadata"],
            row["timestamp"].timestamp(),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Since:
    """What was committed after a version.

    Attributes:
        newest: the table's newest version when this was asked.
        commits: those after the version, up to the newest, that the log still has, newest first.
        is_whole: it has all of them; False too if the table is not as far as that version.
    """

    newest: int
    commits: list[LoggedCommit]
    is_whole: bool


def since(spark: SparkSession, address: Address, version: int) -> Since:
    """What was committed to the table after that version."""
    (last,) = commits(spark, address, 1)
    newest = last.version
    found: list[LoggedCommit] = []
    while newest > version:
        seen = commits(spark, address, newest - version)
        found = [commit for commit in seen if version < commit.version <= last.version]
        if seen[0].version <= newest:
            break
        newest = seen[0].version  # somebody committed since the look before, so the oldest fell out of the newest
    oldest = found[-1].version if found else last.version + 1
    return Since(last.version, found, oldest == version + 1)


def table_id(address: Address) -> str | None:
    """The id in the metadata of a table's first version, if that is on a local disk and not cleaned up."""
    first = (address.directory or Path()) / "_delta_log" / f"{0:020d}.json"
    if address.directory is None or not first.is_file():
        return None
    found: str | None = _action(first, "metaData").get("id")
    return found


def rows_added(address: Address) -> int:
    """How many rows the commits added, changed and removed that the log still has; 0 if it is on no local disk."""
    return sum(_from_file(file).rows or 0 for file in commit_files(address.directory))


def properties(address: Address) -> dict[str, str] | None:
    """The table's properties, if their last change is in its log on a local disk; None if that cannot tell them."""
    for file in commit_files(address.directory):
        if metadata := _action(file, "metaData"):
            return dict(metadata["configuration"])
    return None


def newest_change(spark: SparkSession, address: Address) -> LoggedCommit | None:
    """The newest commit that may have changed rows; None if the log holds none any more."""
    for limit in (1, _FEW, None):
        for commit in commits(spark, address, limit):
            if commit.changes_rows:
                return commit
    return None


def newest_change_file(table: Path) -> Path | None:
    """Likewise as a file, of a table on a local disk; the newest commit of all if the log holds no change any more."""
    files = commit_files(table)
    return next((file for file in files if _from_file(file).changes_rows), files[0] if files else None)


def commit_files(table: Path | None) -> list[Path]:
    """The commits in the log of a table on a local disk, newest first; empty if there is none, or no such table."""
    log = table and table / "_delta_log"
    if log is None or not log.is_dir():
        return []
    return sorted((path for path in log.iterdir() if _COMMIT_FILE.fullmatch(path.name)), reverse=True)


def _from_file(file: Path) -> LoggedCommit:
    info = _action(file, "commitInfo")
    return LoggedCommit(
        int(file.stem),
        str(info.get("operation", "")),
        _texts(info.get("operationParameters")),
        _texts(info.get("operationMetrics")),
        info.get("userMetadata"),
        info.get("timestamp", 0) / 1000,
    )


def _action(file: Path, name: str) -> dict[str, Any]:
    """The first action of that name in a commit's file."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(f'{{"{name}"'):
                found: dict[str, Any] = json.loads(line)[name]
                return found
    return {}


def _texts(values: dict[str, Any] | None) -> dict[str, str]:
    given = {name: value for name, value in (values or {}).items() if value is not None}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}

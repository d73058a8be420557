"""The upkeep of one table: properties, clustering, OPTIMIZE, VACUUM, with a report before and after.

No step changes a row, so any of them may fail or be repeated without harm. A step that finds nothing to do makes no
commit: the progress of a table that does not change must not drown in commits of maintenance.

VACUUM in delta-spark 4.4.0 disregards `RETAIN n HOURS` (tried: any n but 0 lists the same files) and goes by the
table's property. So a retention that is asked for becomes the table's property, and holds for whoever else runs VACUUM.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from etl_customers.maintenance.files import (
    MIN_RETENTION_HOURS,
    RETENTION_PROPERTY,
    FileReport,
    Layout,
    Reclaimable,
    layout_of,
    reclaimable,
    report_on,
)
from etl_customers.maintenance.tables import KeptTable
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.schema_change import set_properties_sql

#: A commit's change files are written before it: a write may have begun so long before a change was committed.
_LONGEST_WRITE_HOURS = 24


class Status(StrEnum):
    """What became of a table."""

    DONE = "done"
    DRY_RUN = "dry_run"
    ABSENT = "absent"
    CONFLICT = "conflict"
    STORAGE = "storage"
    FAILED = "failed"


@dataclass
class Upkeep:
    """What was done to a table, or in a dry run would be.

    Attributes:
        properties: table properties set, name -> value.
        clustered_by: columns by which OPTIMIZE clusters; empty: it compacts only.
        optimized: OPTIMIZE wrote files anew.
        vacuum: `deleted`, `nothing_to_delete`, or `held` if the change feed is still needed; None: not come to it.
        held_for: the table that has yet to take the changes.
        fault: class of the exception, if it came to one; never its text, which may quote a row.
    """

    table: str
    status: Status = Status.DONE
    properties: dict[str, str] = field(default_factory=dict)
    clustered_by: list[str] = field(default_factory=list)
    optimized: bool = False
    vacuum: str | None = None
    held_for: str | None = None
    retention_hours: int | None = None
    before: FileReport | None = None
    after: FileReport | None = None
    fault: str | None = None


def keep_up(kept: KeptTable, done: Upkeep, retention_hours: int | None, dry_run: bool) -> None:
    """Do what the table needs, telling it in `done` as it goes.

    Args:
        retention_hours: for VACUUM; None: as the table says.
        dry_run: only measure and tell.

    Raises:
        One of CONFLICTS: another writer was faster; what was done before stands.
    """
    table = kept.table
    if not table.exists():
        done.status = Status.ABSENT
        return
    layout = layout_of(table)
    rest = reclaimable(table)
    done.before = report_on(table, rest)
    done.properties = _wanted_properties(kept, layout, retention_hours)
    done.clustered_by = list(table.cluster_by)
    done.retention_hours = retention_hours or layout.retention_hours
    if dry_run:
        done.status = Status.DRY_RUN
        _hold(kept, done)
        done.vacuum = "held" if done.held_for else None
        return
    if done.properties:
        set_properties(table, done.properties)
    if done.before.files and not kept.rewritten:
        _optimize(table, layout, done)
    if RETENTION_PROPERTY in done.properties:
        rest = reclaimable(table)
    _vacuum(kept, rest, done)
    if done.vacuum == "deleted":
        rest = reclaimable(table)
    # What OPTIMIZE has just replaced is too young to be deleted.
    done.after = report_on(table, rest)


def set_properties(table: LakeTable, properties: dict[str, str]) -> None:
    """Set table properties in one commit."""
    table.spark.sql(set_properties_sql(table.address.sql, properties))


def _wanted_properties(kept: KeptTable, layout: Layout, retention_hours: int | None) -> dict[str, str]:
    """Those that the table lacks, as it was made by an older release or somebody has changed it."""
    wanted = {} if kept.rewritten else dict(kept.table.kept_properties)
    if retention_hours is not None and retention_hours != layout.retention_hours:
        wanted[RETENTION_PROPERTY] = f"interval {retention_hours} hours"
    return {name: value for name, value in wanted.items() if layout.properties.get(name) != value}


def _optimize(table: LakeTable, layout: Layout, done: Upkeep) -> None:
    if layout.clustered_by != list(table.cluster_by):
        columns = f"({', '.join(table.cluster_by)})" if table.cluster_by else "NONE"
        table.spark.sql(f"ALTER TABLE {table.address.sql} CLUSTER BY {columns}")
    metrics: Any = table.delta().optimize().executeCompaction().collect()[0]["metrics"]
    done.optimized = metrics["numFilesAdded"] > 0


def _vacuum(kept: KeptTable, rest: Reclaimable, done: Upkeep) -> None:
    _hold(kept, done)
    if done.held_for:
        done.vacuum = "held"
        return
    if not rest.files:
        done.vacuum = "nothing_to_delete"
        return
    kept.table.delta().vacuum(max(done.retention_hours or 0, MIN_RETENTION_HOURS))
    done.vacuum = "deleted"


def _hold(kept: KeptTable, done: Upkeep) -> None:
    """VACUUM must wait if a follower has not taken changes that are about to leave the retention."""
    pending = kept.pending()
    hours = done.retention_hours or MIN_RETENTION_HOURS
    if pending and (time.time() - pending.since) / 3600 + _LONGEST_WRITE_HOURS > hours:
        done.held_for = pending.follower

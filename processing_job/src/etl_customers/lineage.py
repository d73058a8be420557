"""From raw batch to gold table: which version of each table holds what the run read.

Batches are named by their key, never by the file that a source sent: its name may hold what is in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from etl_customers.job import Job, RunResult
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Progress


@dataclass(frozen=True)
class Edge:
    """A table's version, and the version of its source up to which it holds everything; None: not yet or unknown."""

    table: str
    version: int
    source: str
    source_version: int | None


@dataclass(frozen=True)
class Lineage:
    """Of one run.

    Attributes:
        batches: raw directory below `raw/` -> rows that silver took of it in this run.
        bronze_versions: first and last version of bronze that silver took in this run; None if nothing was new.
        edges: how the tables stand to each other after the run.
    """

    batches: dict[str, int] = field(default_factory=dict)
    bronze_versions: tuple[int, int] | None = None
    edges: list[Edge] = field(default_factory=list)


def lineage(job: Job, result: RunResult) -> Lineage:
    """Read it from the progress that each table's commits carry."""
    batches = {_directory(batch, job.contract.name): rows for batch, rows in sorted(result.counts.batches.items())}
    edges = []
    if job.purchases.exists():
        edges.append(_edge(job.purchases, job.bronze, job.purchases.progress(job.bronze.name, table=job.bronze)))
    for grouped in job.grouped:
        if grouped.table.exists():
            edges.append(_edge(grouped.table, job.purchases, grouped.progress(job.purchases)))
    return Lineage(batches, result.counts.bronze_versions, edges)


def _edge(table: LakeTable, source: LakeTable, progress: Progress) -> Edge:
    return Edge(table.name, progress.version, source.name, progress.consumed)


def _directory(batch_id: str, contract: str) -> str:
    source, _, key = batch_id.partition("/")
    return f"{source}/{contract}/batch={key}"

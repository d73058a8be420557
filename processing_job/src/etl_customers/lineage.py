"""From raw batch to gold table: which version of each table holds what the run read.

Batches are named by their key, never by the file that a source sent: its name may hold what is in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from etl_customers.job import Job, RunResult
from etl_customers.utils.lake_table import LakeTable


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
    pairs: list[tuple[LakeTable, LakeTable]] = [(job.purchases, job.bronze), (job.customers.table, job.purchases)]
    pairs += [(grouped.table, job.purchases) for grouped in (job.monthly, job.per_store, job.customer_360)]
    edges = [_edge(table, source) for table, source in pairs if table.exists()]
    return Lineage(batches, result.counts.bronze_versions, edges)


def _edge(table: LakeTable, source: LakeTable) -> Edge:
    progress = table.progress(source.name)
    return Edge(table.name, progress.version, source.name, progress.consumed)


def _directory(batch_id: str, contract: str) -> str:
    source, _, key = batch_id.partition("/")
    return f"{source}/{contract}/batch={key}"

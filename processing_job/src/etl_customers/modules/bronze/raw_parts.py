"""Which raw parts one stream reads: those of a source in one format and, if they are CSV, under one header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from customer_contract import Contract, RawFormat, SourceProfile

from etl_customers.modules.bronze.raw_batches import EXTRA_FIELD, RawBatch


@dataclass(frozen=True)
class RawParts:
    """The parts of one stream.

    Attributes:
        columns: the header of CSV, as the manifests tell it; none for JSON lines, whose records name their fields.
        keys: of the batches to read; None: all there are, now and later.
        size: of what waits, in bytes.
    """

    source: SourceProfile
    format: RawFormat
    columns: tuple[str, ...] = ()
    keys: tuple[str, ...] | None = None
    size: int = 0

    @property
    def name(self) -> str:
        """What the stream's own files are called: the source, the format if it is not the source's usual one, and a
        hash of header and keys if only some batches are read. What such a stream has seen, the stream of all batches
        has not; and no checkpoint may be started over other files than it was made for (Databricks, "Recover after
        changes in a Structured Streaming query").
        """
        # So each run that names new batches leaves a checkpoint: some small files beside a batch of rows. They are not
        # deleted, as another run may be at work on the same batches.
        words = [self.source.name]
        if self.format is not self.source.raw_format:
            words.append(self.format.value)
        if self.keys is not None:
            words.append(hashlib.sha256(json.dumps([self.columns, self.keys]).encode()).hexdigest()[:12])
        return "-".join(words)

    def glob(self, raw_path: str, entity: str) -> str:
        """Their files. Manifests and staging start with `_`: Spark's listing passes over them."""
        batches = "*" if self.keys is None else f"{{{','.join(self.keys)}}}"
        return f"{raw_path}/{self.source.name}/{entity}/batch={batches}/part-*.{self.format.value}"


def canonical_columns(contract: Contract) -> tuple[str, ...]:
    """The header of canonical CSV by the present contract."""
    return (*contract.column_names, EXTRA_FIELD)


def waiting_parts(
    batches: Iterable[RawBatch], present: Mapping[str, int], contract: Contract, named: bool = False
) -> list[RawParts]:
    """The streams that take all batches of which bronze lacks rows, in a fixed order.

    A stream of all batches is enough where all have the header of the present contract. Where one has not, also one
    that bronze holds already, waiting batches are named one by one: a stream that has lost its checkpoint reads
    everything again, and Spark refuses a file by another header than it was told.

    Args:
        present: batch id -> rows in bronze; of a batch of several parts it may have some.
        named: name them also where a stream of all would do, unless all wait.
    """
    kinds: dict[tuple[str, RawFormat], list[RawBatch]] = {}
    for batch in batches:
        kinds.setdefault((batch.source, batch.format), []).append(batch)
    found = []
    for (name, raw_format), group in sorted(kinds.items()):
        # Each line or record of a part is one row of bronze, a broken one too, and `rows` counts no rejected ones: what
        # stays below it for ever is incomplete, and fails the run.
        waiting = [batch for batch in group if present.get(batch.batch_id, 0) < batch.rows]
        now = canonical_columns(contract) if raw_format is RawFormat.CSV else ()
        whole = all(batch.columns == now for batch in group) and not (named and len(waiting) < len(group))
        for columns in sorted({batch.columns for batch in waiting}):
            alike = [batch for batch in waiting if batch.columns == columns]
            keys = None if whole else tuple(batch.key for batch in alike)
            size = sum(batch.size for batch in alike)
            found.append(RawParts(contract.source(name), raw_format, columns, keys, size))
    return found

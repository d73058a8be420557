"""What was planted, so that what the job reports can be held against it, number by number."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from demo.faults import CONFLICT_REASON, REASONS
from demo.shares import Fault, Pairing, SourceName


@dataclass(slots=True)
class SourceLedger:
    """What one source delivers.

    Attributes:
        rows: all rows, ragged ones included.
        ragged: rows that never reach raw: the CSV service rejects them.
        faults: dirty rows by kind.
        pairs: rows of this source that lose to another source's version of the same purchase, by how they differ.
        dollars: clean rows in US dollars.
        files: rows per file (CSV only).
    """

    rows: int = 0
    ragged: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    pairs: Counter[Pairing] = field(default_factory=Counter)
    dollars: int = 0
    files: dict[str, int] = field(default_factory=dict)

    @property
    def raw_rows(self) -> int:
        """Rows that reach raw."""
        return self.rows - self.ragged

    @property
    def quarantined(self) -> int:
        """Rows that silver must refuse."""
        return self.faults.total() + self.pairs[Pairing.CONFLICT]

    @property
    def written(self) -> int:
        """Rows that silver must keep."""
        return self.raw_rows - self.faults.total() - self.pairs.total()

    @property
    def reasons(self) -> dict[str, int]:
        """Quarantined rows by reason; a row with several reasons counts under each."""
        counts: Counter[str] = Counter()
        for fault, rows in self.faults.items():
            for reason in REASONS[fault]:
                counts[reason] += rows
        counts[CONFLICT_REASON] += self.pairs[Pairing.CONFLICT]
        return dict(sorted((+counts).items()))


@dataclass(slots=True)
class Ledger:
    """What all three deliver. `customers` counts the people with at least one purchase that silver keeps."""

    rows: int
    seed: int
    sources: dict[SourceName, SourceLedger] = field(default_factory=lambda: {s: SourceLedger() for s in SourceName})
    customers: int = 0

    @property
    def quarantined(self) -> int:
        """Rows that silver must refuse."""
        return sum(source.quarantined for source in self.sources.values())

    @property
    def purchases(self) -> int:
        """Rows that `silver.purchases` must have."""
        return sum(source.written for source in self.sources.values())

    @property
    def reasons(self) -> dict[str, int]:
        """Quarantined rows by reason, over all sources."""
        counts: Counter[str] = Counter()
        for source in self.sources.values():
            counts.update(source.reasons)
        return dict(sorted(counts.items()))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, derived figures included."""
        sources = {
            name.value: {
                **asdict(source),
                "faults": {fault.value: rows for fault, rows in sorted(source.faults.items())},
                "pairs": {pairing.value: source.pairs[pairing] for pairing in Pairing},
                "raw_rows": source.raw_rows,
                "written": source.written,
                "quarantined": source.quarantined,
                "reasons": source.reasons,
            }
            for name, source in self.sources.items()
        }
        return {
            "rows": self.rows,
            "seed": self.seed,
            "sources": sources,
            "purchases": self.purchases,
            "customers": self.customers,
            "quarantined": self.quarantined,
            "reasons": self.reasons,
        }

"""Decides, before any row is made, which row of which source is special, so that counts are exact."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from customer_contract import load_contract

from demo.shares import IMPOSSIBLE_IN_DATABASE, Fault, Pairing, Shares, SourceName

#: From this many rows of a source on, each kind of fault occurs at least once.
_ONE_OF_EACH = 500


@dataclass(frozen=True, slots=True)
class PairSlot:
    """One of the two deliveries of a doubled purchase; `loses` marks the one that does not end up in silver."""

    pair: int
    pairing: Pairing
    loses: bool


@dataclass(frozen=True, slots=True)
class Ragged:
    """A row with a cell too many."""


Special = Fault | PairSlot | Ragged


@dataclass(slots=True)
class Plan:
    """Row number -> what is special there, per source. Row numbers count from 0 within the source."""

    rows: dict[SourceName, int]
    csv_files: list[int]
    specials: dict[SourceName, dict[int, Special]] = field(default_factory=dict)


def make_plan(rows: int, shares: Shares, csv_file_shares: tuple[float, ...], rng: random.Random) -> Plan:
    """The plan for `rows` rows; the first CSV file is the largest and takes the ragged rows."""
    counts = shares.rows_of(rows)
    plan = Plan(rows=counts, csv_files=_cut(counts[SourceName.CSV], csv_file_shares))
    wanted: dict[SourceName, list[Special]] = {source: _faults(source, counts[source], shares) for source in SourceName}
    pairings = [pairing for pairing in Pairing for _ in range(round(rows * getattr(shares, pairing.value)))]
    for pair, pairing in enumerate(pairings):
        meeting = sorted(rng.sample(list(SourceName), 2), key=_distrust)
        # At the same event time the source trusted most wins; otherwise the newer version does, whoever sends it.
        loser = rng.randrange(2) if pairing is Pairing.STALE else 1
        for side, source in enumerate(meeting):
            wanted[source].append(PairSlot(pair, pairing, side == loser))
    for source, specials in wanted.items():
        ragged = _ragged_rows(counts[source], plan.csv_files[0], shares, rng) if source is SourceName.CSV else []
        plan.specials[source] = _place(specials, ragged, counts[source], rng)
    return plan


def _distrust(source: SourceName) -> int:
    return load_contract().source(source.value).priority


def _faults(source: SourceName, rows: int, shares: Shares) -> list[Special]:
    each = max(round(rows * shares.fault), 1 if rows >= _ONE_OF_EACH else 0)
    kinds = [f for f in Fault if not (source is SourceName.DATABASE and f in IMPOSSIBLE_IN_DATABASE)]
    return [fault for fault in kinds for _ in range(each)]


def _ragged_rows(rows: int, first_file: int, shares: Shares, rng: random.Random) -> list[int]:
    count = max(round(rows * shares.ragged), 1) if rows >= _ONE_OF_EACH else 0
    return rng.sample(range(first_file), count)


def _place(specials: list[Special], ragged: list[int], rows: int, rng: random.Random) -> dict[int, Special]:
    placed: dict[int, Special] = {number: Ragged() for number in ragged}
    taken = rng.sample(range(rows), min(rows, len(specials) + len(ragged)))
    free = [number for number in taken if number not in placed]
    if len(free) < len(specials):
        raise ValueError("too few rows for these shares: ask for more rows or smaller shares")
    placed.update(zip(free, specials, strict=False))
    return placed


def _cut(rows: int, shares: tuple[float, ...]) -> list[int]:
    sizes = [int(rows * share) for share in shares[1:]]
    return [rows - sum(sizes), *sizes]

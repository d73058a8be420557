"""The clear values that must not be found past bronze, as patterns of an Aho-Corasick automaton."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ahocorasick
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from customer_contract import Column, ColumnFormat, Contract

from etl_customers.privacy.misplaced_values import misplaced_values

#: Shorter values are found by chance, so they prove nothing.
MIN_LENGTH = 8
#: Patterns per automaton: about 250 MB. With more, the tree is read once for each portion.
PORTION = 500_000

_NUMBERS = (ColumnFormat.CPF, ColumnFormat.PAYMENT_CARD)
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]")


def read_clear_values(bronze: Path, contract: Contract) -> dict[str, set[str]]:
    """Distinct values of each sensitive column, lower case, from every parquet file under `bronze`, newest or not; and
    such as stand in the contract's other columns.

    Reads one row group at a time; only the distinct values stay in memory.
    """
    found: dict[str, set[str]] = {column.name: set() for column in contract.sensitive_columns}
    named = {column.format: column.name for column in reversed(contract.sensitive_columns)}
    for column, values in _distinct(bronze, contract):
        if column.sensitive:
            found[column.name].update(value.strip().lower() for value in values.to_pylist())
            continue
        for format, value in misplaced_values(column, values):
            if format in named:
                found[named[format]].add(value.lower())
    return {name: {value for value in values if _telling(value)} for name, values in found.items()}


def _distinct(bronze: Path, contract: Contract) -> Iterator[tuple[Column, pa.Array]]:
    for path in sorted(bronze.rglob("*.parquet")):
        with pq.ParquetFile(path) as file:
            columns = [column for column in contract.columns if column.name in file.schema_arrow.names]
            for group in range(file.num_row_groups if columns else 0):
                table = file.read_row_group(group, columns=[column.name for column in columns])
                for column in columns:
                    yield column, pc.unique(table.column(column.name).cast("string")).drop_null()


def patterns_of(column: Column, values: Iterable[str]) -> Iterator[str]:
    """What to search for: each value as written and, for a CPF or card, bare and with the usual punctuation.

    None comes twice, although two values may differ in punctuation only.
    """
    if column.format not in _NUMBERS:
        yield from values
        return
    seen: set[str] = set()
    for value in values:
        digits = re.sub(r"[^0-9]", "", value)
        usual = {digits, *_punctuated(column.format, digits)} if _telling(digits) else set()
        if value not in usual:
            yield value
        if digits not in seen:
            seen.add(digits)
            yield from usual


def _punctuated(format: ColumnFormat, digits: str) -> Iterator[str]:
    if format is ColumnFormat.CPF and len(digits) == 11:
        yield f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}"
    elif format is ColumnFormat.PAYMENT_CARD and len(digits) == 16:
        groups = [digits[i : i + 4] for i in range(0, 16, 4)]
        yield from (" ".join(groups), "-".join(groups))


def _telling(value: str) -> bool:
    """True if finding `value` says something: long enough, and not one digit repeated, as in 000.000.000-00."""
    return len(value) >= MIN_LENGTH and len(set(re.sub(r"[^a-z0-9]", "", value))) > 1


@dataclass(frozen=True)
class Searcher:
    """Finds any of a set of patterns in a text, in one pass over the text."""

    automaton: ahocorasick.Automaton

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Searcher:
        """A searcher of `patterns`, which are lower case."""
        automaton = ahocorasick.Automaton(ahocorasick.STORE_LENGTH)
        for pattern in patterns:
            automaton.add_word(pattern)
        automaton.make_automaton()
        return cls(automaton)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end of each hit that is not part of a longer word or number; case does not matter."""
        lower = text.lower()
        if len(lower) != len(text):  # a letter whose lower case is two (İ): positions are the lowered text's
            text = lower
        for last, length in self.automaton.iter(lower):
            start, end = last - length + 1, last + 1
            before, after = text[start - 1 : start] if start else "", text[end : end + 1]
            if not _ALPHANUMERIC.match(before) and not _ALPHANUMERIC.match(after):
                yield start, end


def searchers(contract: Contract, values: dict[str, set[str]], portion: int = PORTION) -> Iterator[Searcher]:
    """Searchers that together know every pattern of `values`, at most `portion` patterns each."""
    patterns = itertools.chain.from_iterable(patterns_of(contract.column(name), values[name]) for name in values)
    while batch := list(itertools.islice(patterns, portion)):
        yield Searcher.of(batch)

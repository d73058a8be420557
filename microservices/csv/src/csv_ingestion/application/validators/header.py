"""Matches a file's header with the contract's columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from csv_ingestion.application.helpers.names import column_key
from csv_ingestion.domain.exceptions import FileRejected
from csv_ingestion.domain.reasons import FileReason


@dataclass(frozen=True, slots=True)
class Header:
    """Where a file keeps what: positions from 0.

    Attributes:
        width: number of columns in the file.
        known: contract column -> position.
        unknown: name as received (trimmed, NFC) -> position, for columns the contract does not have.
    """

    width: int
    known: Mapping[str, int]
    unknown: Mapping[str, int]


class HeaderRules:
    """What a header must satisfy: names without regard to case, surrounding blanks and Unicode composition.

    Args:
        columns: the contract's columns.
        required: those that must be there.
        aliases: the sender's name -> contract column.

    Raises:
        ValueError: an alias points to a column that the contract does not have; the text names it.
    """

    def __init__(self, columns: Sequence[str], required: Collection[str], aliases: Mapping[str, str]) -> None:
        strangers = sorted(set(aliases.values()) - set(columns))
        if strangers:
            raise ValueError(f"not a column of the contract: {', '.join(strangers)}")
        self._required = [column for column in columns if column in required]
        self._columns = {column_key(column): column for column in columns}
        self._columns |= {column_key(alias): column for alias, column in aliases.items()}

    def recognised(self, names: Sequence[str]) -> int:
        """How many different contract columns these names stand for."""
        return len({self._columns.get(column_key(name)) for name in names} - {None})

    def complete(self, names: Sequence[str]) -> bool:
        """True if every mandatory column is among them."""
        return {self._columns.get(column_key(name)) for name in names}.issuperset(self._required)

    def resolve(self, names: Sequence[str], line: int) -> Header:
        """The header that these names make up.

        Raises:
            FileRejected: a name is blank or comes twice, or a mandatory column is missing.
        """
        keys = [column_key(name) for name in names]
        if "" in keys:
            raise FileRejected(FileReason.BLANK_COLUMN, line=line)
        targets = [self._columns.get(key, f"unknown:{key}") for key in keys]
        twice = {target for target in targets if targets.count(target) > 1}
        if twice:
            raise FileRejected(
                FileReason.DUPLICATE_COLUMN, line=line, columns=sorted(twice & set(self._columns.values()))
            )
        known = {self._columns[key]: position for position, key in enumerate(keys) if key in self._columns}
        missing = [column for column in self._required if column not in known]
        if missing:
            raise FileRejected(FileReason.MISSING_COLUMN, line=line, columns=missing)
        unknown = {
            unicodedata.normalize("NFC", name.strip()): position
            for position, (name, key) in enumerate(zip(names, keys, strict=True))
            if key not in self._columns
        }
        return Header(len(keys), known, unknown)

"""The table to read: its name, and which of its columns become which columns of the contract."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingestion_kernel.domain.exceptions import ConfigurationInvalid, SourceDataInvalid

_PART = r'"(?:[^"]|"")+"|[^".]+'
_NAME = re.compile(rf"\A(?:{_PART})(?:\.(?:{_PART}))?\Z")


@dataclass(frozen=True, slots=True)
class TableName:
    """A table, with its schema unless the database's search path is to find it. Names are taken exactly as written."""

    schema: str | None
    name: str

    @classmethod
    def parse(cls, text: str) -> TableName:
        """Read `table`, `schema.table` or either part in SQL's double quotes: `"odd.schema"."odd table"`.

        Raises:
            ConfigurationInvalid: not of that form.
        """
        if not _NAME.match(text):
            raise ConfigurationInvalid('DB_TABLE is not of the form table, schema.table or "schema"."table"')
        parts = [_unquoted(part) for part in re.findall(_PART, text)]
        return cls(parts[0] if len(parts) == 2 else None, parts[-1])

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


def _unquoted(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the table and its name in the raw record."""

    column: str
    name: str


@dataclass(frozen=True, slots=True)
class ContractColumns:
    """What the extraction must know of the contract: all column names in order, and the mandatory ones."""

    names: tuple[str, ...]
    required: tuple[str, ...]


def project(
    table: TableName, columns: Sequence[str], contract: ContractColumns, column_map: Mapping[str, str]
) -> tuple[Field, ...]:
    """The fields of the raw record: contract columns first, in contract order, then all others in table order.

    Args:
        table: named in error texts.
        columns: what the table has.
        contract: what the platform expects.
        column_map: column of the table -> column of the contract, where the names differ.

    Raises:
        ConfigurationInvalid: the map names a column that does not exist, or two columns become one.
        SourceDataInvalid: the table lacks a mandatory column.
    """
    _check_map(table, columns, contract, column_map)
    by_name: dict[str, str] = {}
    for column in columns:
        name = column_map.get(column, column)
        if name in by_name:
            raise ConfigurationInvalid(
                f"columns {by_name[name]!r} and {column!r} of {table} would both become {name!r}",
                advice="Leave one of them out of DB_COLUMN_MAP, or read from a view that renames it.",
            )
        by_name[name] = column
    for required in contract.required:
        if required not in by_name:
            raise SourceDataInvalid(
                f"{table} has no column {required!r}, which the contract makes mandatory",
                advice=f'If another column holds it, map it: DB_COLUMN_MAP={{"<column>": "{required}"}}.',
            )
    known = [name for name in contract.names if name in by_name]
    others = [name for name in by_name if name not in contract.names]
    return tuple(Field(by_name[name], name) for name in (*known, *others))


def _check_map(
    table: TableName, columns: Sequence[str], contract: ContractColumns, column_map: Mapping[str, str]
) -> None:
    for column, name in column_map.items():
        if column not in columns:
            raise ConfigurationInvalid(f"DB_COLUMN_MAP names the column {column!r}, which {table} does not have")
        if name not in contract.names:
            raise ConfigurationInvalid(f"DB_COLUMN_MAP names {name!r}, which is no column of the contract")

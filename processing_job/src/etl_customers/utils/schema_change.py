"""What becomes of a table whose contract has changed: new optional columns are added, anything that would give the rows
on record another meaning is refused before it is written.

Type, format, mask and the like of each contract column are kept with the table, as table properties: a later release
of the contract is compared with what the rows were made by, not with a file that somebody may have lost. Properties
and not metadata of the fields, since these cannot be changed once the column is there (a column that becomes optional).
Sources: https://docs.delta.io/latest/delta-batch.html ("Add columns", "Table properties"), docs/decisions/0013.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from customer_contract import Column, PersonalData
from pyspark.sql.types import StructField, StructType

from etl_customers.errors import ContractBreaksTable
from etl_customers.utils import job_log

#: Before the name of a column: the table property that holds its promise.
PROPERTY = "contract.column."


@dataclass(frozen=True)
class Promise:
    """What the rows of a table say of a column of the contract, whoever reads them."""

    format: str
    mask: str
    required: bool
    personal: bool

    @classmethod
    def of(cls, column: Column) -> Promise:
        """What the contract promises."""
        personal = column.personal_data is not PersonalData.NONE
        return cls(column.format.value, column.mask.value, column.required, personal)

    @classmethod
    def parse(cls, text: str | None) -> Promise | None:
        """What a table property says; None if there is none, or not one of ours."""
        words = (text or "").split()
        if len(words) != 4:
            return None
        return cls(words[0], words[1], words[2] == "required", words[3] == "personal")

    def __str__(self) -> str:
        need, data = "required" if self.required else "optional", "personal" if self.personal else "not_personal"
        return f"{self.format} {self.mask} {need} {data}"

    def broken_by(self, wanted: Promise) -> list[str]:
        """What `wanted` would change under the rows on record; a column may become optional, but not required."""
        found = []
        if self.format != wanted.format:
            found.append(f"its format is {self.format}, the contract says {wanted.format}")
        if self.mask != wanted.mask:
            found.append(f"its mask is {self.mask}, the contract says {wanted.mask}")
        if wanted.required and not self.required:
            found.append("it is optional, the contract says required")
        if wanted.personal and not self.personal:
            found.append("it is no personal data and its minima and maxima are in the log, the contract says personal")
        return found


def promises(columns: Iterable[Column]) -> dict[str, str]:
    """The table properties that keep what the contract says of these columns."""
    return {f"{PROPERTY}{column.name}": str(Promise.of(column)) for column in columns}


class Mark(Protocol):
    """Properties of a table that say what its rows were made with."""

    @property
    def properties(self) -> Mapping[str, str]:
        """Name -> text."""

    def check(self, kept: Mapping[str, str]) -> None:
        """Raises JobError if a table with the properties `kept` must not take rows made so."""


@dataclass(frozen=True)
class SchemaChange:
    """What it takes to bring a table to the schema that is wanted."""

    added: tuple[StructField, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    breaks: tuple[str, ...] = ()

    def unless_broken(self, table: str) -> SchemaChange:
        """Itself; raises ContractBreaksTable if rows on record would change their meaning."""
        if self.breaks:
            raise ContractBreaksTable(f"{table}: {'; '.join(self.breaks)}")
        return self

    def statements(self, table: str) -> Iterator[str]:
        """The SQL that makes the change, each a commit of metadata. `table`: as FROM takes it.

        Promises first: a column that is there without one would be accepted whatever the contract says of it.
        """
        if self.properties:
            yield set_properties_sql(table, self.properties)
        if self.added:
            job_log.info("columns_added", table=table, columns=[field.name for field in self.added])
            yield _add_columns_sql(table, self.added)


def compare(
    found: StructType, wanted: StructType, kept: Mapping[str, str], columns: tuple[Column, ...]
) -> SchemaChange:
    """From the table's schema to the one that is wanted.

    Args:
        found: the table's columns.
        wanted: the columns it shall have.
        kept: the table's properties; a column without a promise among them is judged by its type alone, as the table
            was made by a release that kept none.
        columns: the contract's, whose meaning must hold; without any the table may have columns more than is wanted.
    """
    names = set(found.fieldNames())
    breaks = list(_other_types(found, wanted))
    if columns:
        gone = [field.name for field in found.fields if field.name not in wanted.fieldNames()]
        breaks += [f"column {name}: the table has it, the contract has it no more" for name in gone]
    for column in columns:
        breaks += [f"column {column.name}: {fault}" for fault in _faults(column, column.name in names, kept)]
    added = tuple(field for field in wanted.fields if field.name not in names)
    told = {name: text for name, text in promises(columns).items() if kept.get(name) != text}
    return SchemaChange(added, told, tuple(breaks))


def _other_types(found: StructType, wanted: StructType) -> Iterable[str]:
    types = {field.name: field.dataType.simpleString() for field in found.fields}
    for field_ in wanted.fields:
        here, there = types.get(field_.name), field_.dataType.simpleString()
        if here not in (None, there):
            yield f"column {field_.name}: the table has {here}, the contract says {there}"


def _faults(column: Column, is_there: bool, kept: Mapping[str, str]) -> list[str]:
    if not is_there:
        return ["it is new and required, but no row on record has it"] if column.required else []
    promise = Promise.parse(kept.get(f"{PROPERTY}{column.name}"))
    return promise.broken_by(Promise.of(column)) if promise else []


def _add_columns_sql(table: str, added: Iterable[StructField]) -> str:
    columns = ", ".join(
        f"`{field.name}` {field.dataType.simpleString()} COMMENT '{_escaped(field.metadata.get('comment', ''))}'"
        for field in added
    )
    return f"ALTER TABLE {table} ADD COLUMNS ({columns})"


def set_properties_sql(table: str, properties: Mapping[str, str]) -> str:
    """One ALTER TABLE. `table`: as FROM takes it."""
    pairs = ", ".join(f"'{_escaped(name)}' = '{_escaped(value)}'" for name, value in properties.items())
    return f"ALTER TABLE {table} SET TBLPROPERTIES ({pairs})"


def _escaped(text: str) -> str:
    """As it stands between the quotes of a SQL text."""
    return text.replace("\\", "\\\\").replace("'", "\\'")

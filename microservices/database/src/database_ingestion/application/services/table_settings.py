"""Which table a source reads and how, and what of the table that names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ingestion_kernel.domain.batch import RawFormat
from ingestion_kernel.domain.exceptions import ConfigurationInvalid

from database_ingestion.domain.ports.database import TableSnapshot
from database_ingestion.domain.record import RecordForm
from database_ingestion.domain.slices import CURSOR_KINDS, Cursor
from database_ingestion.domain.table import ContractColumns, TableName, project

_CURSOR_ADVICE = "Set DB_CURSOR_COLUMN to a column that grows with each change, or to none and use mode full."


class NullCursors(StrEnum):
    """What becomes of rows whose cursor is NULL, NaN or infinite."""

    TAKE = "take"
    REFUSE = "refuse"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class TableSettings:
    """Which table, and how.

    Attributes:
        batch_rows, batch_bytes: bounds of a batch; see the README for what may exceed them.
        tie_breaker: columns that order rows with an equal cursor.
        parallel: connections that read a batch in mode full.
        snapshots: how many in a row may be lost before the run fails.
        format: of the records in raw.
    """

    table: TableName
    contract: ContractColumns
    cursor_column: str | None
    batch_rows: int
    batch_bytes: int
    column_map: Mapping[str, str] = field(default_factory=dict)
    tie_breaker: tuple[str, ...] = ()
    null_cursors: NullCursors = NullCursors.TAKE
    parallel: int = 1
    snapshots: int = 3
    format: RawFormat = RawFormat.JSON_LINES


def form_of(snapshot: TableSnapshot, settings: TableSettings) -> RecordForm:
    """What a row becomes. Raises like `project`.

    Raises:
        ConfigurationInvalid: CSV, and a column of the contract is an array, a composite or a document: its text is not
            what JSON would carry, so the same row would come out differently.
    """
    fields = project(settings.table, snapshot.columns, settings.contract, settings.column_map)
    form = RecordForm(fields, settings.contract.names, settings.format)
    nested = [field.column for field in form.known if field.column in snapshot.nested]
    if nested and form.format is RawFormat.CSV:
        raise ConfigurationInvalid(
            f"{settings.table} holds an array or a document in {nested[0]!r}, which CSV cannot carry as JSON does",
            advice="Set DB_FORMAT=json, or read from a view that turns the column into text.",
        )
    return form


def cursor_of(snapshot: TableSnapshot, settings: TableSettings) -> Cursor:
    """The cursor that the settings name.

    Raises:
        ConfigurationInvalid: the table has no such column, or its type has no order that new rows follow.
    """
    column = _actual(settings.cursor_column or "", snapshot, settings)
    key = tuple(_actual(name, snapshot, settings) for name in settings.tie_breaker)
    cursor = snapshot.cursor(column, key)
    if cursor.kind not in CURSOR_KINDS:
        text = f"the type of {column!r} ({cursor.kind}) cannot be a cursor"
        raise ConfigurationInvalid(text, advice=_CURSOR_ADVICE)
    return cursor


def guarded_column(settings: TableSettings) -> str | None:
    """The cursor's column as the table calls it; the settings may use the contract's name."""
    return None if settings.cursor_column is None else _in_table(settings.cursor_column, settings)


def _in_table(wanted: str, settings: TableSettings) -> str:
    return {name: column for column, name in settings.column_map.items()}.get(wanted, wanted)


def _actual(wanted: str, snapshot: TableSnapshot, settings: TableSettings) -> str:
    column = _in_table(wanted, settings)
    if column not in snapshot.columns:
        text = f"{settings.table} has no cursor column {wanted!r}"
        raise ConfigurationInvalid(text, advice=_CURSOR_ADVICE)
    return column

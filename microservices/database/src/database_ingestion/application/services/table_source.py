"""The kernel's `Source` over a table: incremental on a cursor column, or full."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from ingestion_kernel.domain.batch import BatchKey, Extraction, Mode, RawFormat, Watermark
from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.domain.ports.source import Outcome, PendingBatch, RecordSink

from database_ingestion.domain.ports.database import Database, TableSnapshot
from database_ingestion.domain.slices import (
    CURSOR_KINDS,
    TIME_KINDS,
    AllRows,
    Cursor,
    Slice,
    Unordered,
    Window,
    start_after,
    watermark_of,
)
from database_ingestion.domain.table import ContractColumns, Field, TableName, project

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TableSettings:
    """Which table, and how. `batch_rows` is the size that a window aims at."""

    table: TableName
    contract: ContractColumns
    cursor_column: str | None
    batch_rows: int
    column_map: Mapping[str, str] = field(default_factory=dict)


class TableSource:
    """See `ingestion_kernel.domain.ports.source.Source`."""

    name = "database"

    def __init__(self, database: Database, settings: TableSettings) -> None:
        self._database = database
        self._settings = settings
        self.modes = frozenset({Mode.FULL, Mode.INCREMENTAL} if settings.cursor_column else {Mode.FULL})

    @contextmanager
    def pending(self, mode: Mode, watermark: Watermark | None) -> Iterator[Iterator[PendingBatch]]:
        """See `Source`."""
        with self._database.snapshot(self._settings.table) as snapshot:
            fields = self._fields(snapshot)
            if mode is Mode.INCREMENTAL:
                yield self._incremental(snapshot, fields, watermark)
            else:
                yield self._full(snapshot, fields)

    def take_rejected_inputs(self) -> int:
        """See `Source`: rows of a table are never set aside here."""
        return 0

    def check(self) -> None:
        """See `Source`: connects and looks at the columns."""
        with self._database.snapshot(self._settings.table) as snapshot:
            self._fields(snapshot)
            if self._settings.cursor_column:
                self._cursor(snapshot)

    def _fields(self, snapshot: TableSnapshot) -> tuple[Field, ...]:
        settings = self._settings
        return project(settings.table, snapshot.columns, settings.contract, settings.column_map)

    def _incremental(
        self, snapshot: TableSnapshot, fields: tuple[Field, ...], watermark: Watermark | None
    ) -> Iterator[PendingBatch]:
        table, cursor = str(self._settings.table), self._cursor(snapshot)
        after = start_after(watermark, table, cursor)
        if watermark is not None and after is None:
            _LOG.warning("the newest batch has another cursor: reading the table from its first row")
        limit = snapshot.limit(cursor)
        held_back = snapshot.held_back(cursor, limit) if limit is not None else 0
        if held_back:
            _LOG.info("%d rows are too new to be safe from late commits and wait for the next run", held_back)
        for upto in snapshot.boundaries(cursor, after, limit, self._settings.batch_rows):
            details = {"cursor_after": after, "rows_held_back": held_back}
            end = watermark_of(table, cursor, upto)
            if cursor.kind in TIME_KINDS:
                end = {**end, "as_of": upto}
            yield TableBatch(snapshot, fields, Window(cursor, after, upto), Extraction(watermark=end, details=details))
            after = upto
        if snapshot.has_unordered(cursor):
            yield _by_content(snapshot, fields, Unordered(cursor))

    def _full(self, snapshot: TableSnapshot, fields: tuple[Field, ...]) -> Iterator[PendingBatch]:
        if not snapshot.key:
            yield _by_content(snapshot, fields, AllRows())
            return
        cursor, after = snapshot.cursor(snapshot.key[0]), None
        for upto in snapshot.boundaries(cursor, None, None, self._settings.batch_rows):
            yield _by_content(snapshot, fields, Window(cursor, after, upto))
            after = upto
        if snapshot.has_unordered(cursor):
            yield _by_content(snapshot, fields, Unordered(cursor))

    def _cursor(self, snapshot: TableSnapshot) -> Cursor:
        wanted = self._settings.cursor_column or ""
        mapped = {name: column for column, name in self._settings.column_map.items()}
        column = wanted if wanted in snapshot.columns else mapped.get(wanted, wanted)
        advice = "Set DB_CURSOR_COLUMN to a column that grows with each change, or to nothing and use mode full."
        if column not in snapshot.columns:
            raise ConfigurationInvalid(f"{self._settings.table} has no cursor column {wanted!r}", advice=advice)
        cursor = snapshot.cursor(column)
        if cursor.kind not in CURSOR_KINDS:
            raise ConfigurationInvalid(f"the type of {column!r} ({cursor.kind}) cannot be a cursor", advice=advice)
        return cursor


class TableBatch:
    """See `PendingBatch`: one slice of the table."""

    key: BatchKey | None = None
    format = RawFormat.JSON_LINES
    header = b""

    def __init__(self, snapshot: TableSnapshot, fields: tuple[Field, ...], rows: Slice, extraction: Extraction) -> None:
        self._snapshot = snapshot
        self._fields = fields
        self._rows = rows
        self._extraction = extraction

    def extract(self, sink: RecordSink) -> Extraction:
        """See `PendingBatch`."""
        self._snapshot.copy(self._rows, self._fields, sink, ordered=self._extraction.content_addressed)
        return self._extraction

    def settle(self, outcome: Outcome) -> None:
        """See `PendingBatch`: a table needs no tidying up."""


def _by_content(snapshot: TableSnapshot, fields: tuple[Field, ...], rows: Slice) -> TableBatch:
    return TableBatch(snapshot, fields, rows, Extraction(content_addressed=True))

"""Port: a database that can show one table at one instant."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ingestion_kernel.domain.ports.source import RecordSink

from database_ingestion.domain.record import RecordForm
from database_ingestion.domain.slices import Cursor, Position, Slice
from database_ingestion.domain.table import TableName


@dataclass(frozen=True, slots=True)
class Heap:
    """The table's file: its blocks, and about how many rows lie in one."""

    blocks: int
    rows_per_block: float


class TableSnapshot(Protocol):
    """One table at one instant: all calls see the same rows, if `frozen`.

    Attributes:
        columns: names in the table's order.
        key: columns of the primary key, in its order; empty if there is none.
        nested: columns that are arrays, composites or documents; asked for only if CSV is to be written.
        frozen: False where the database has no such thing as a snapshot.

    Each method raises an IngestionError: SourceUnavailable, SnapshotLost, SourceAccessDenied, SourceDataInvalid or
    ConfigurationInvalid.
    """

    columns: tuple[str, ...]
    key: tuple[str, ...]
    nested: frozenset[str]
    frozen: bool

    def cursor(self, column: str, key: tuple[str, ...] = ()) -> Cursor:
        """The column as a cursor, with `key` as its tie-breaker; all must be among `columns`."""

    def limit(self, cursor: Cursor) -> str | None:
        """The highest value of the cursor's column that no row still to be committed can have.

        None if no such bound is known or needed. For a cursor that is no time it holds only for the column that
        `Database.snapshot` was told to guard.
        """

    def end_of_window(self, cursor: Cursor, after: Position | None, limit: str | None, rows: int) -> Position | None:
        """The upper end of a window of about `rows` rows behind `after`; None if no row is left up to `limit`.

        Rows with equal cursor (and key) share a window, so one may hold more.
        """

    def held_back(self, cursor: Cursor, limit: str) -> int:
        """How many rows have a finite cursor above `limit`."""

    def count(self, rows: Slice) -> int:
        """How many rows the slice has."""

    def heap(self) -> Heap | None:
        """The table's file, if it can be read by ranges of blocks; None for views, partitioned and foreign tables."""

    def copy(self, rows: Slice, form: RecordForm, sink: RecordSink, *, ordered: bool) -> int:
        """Write the rows as records and return how many. What `sink` raises passes through; the snapshot stays usable.

        JSON lines: every scalar is a JSON string, NULL is null, arrays and documents stay JSON. CSV: the same texts,
        NULL is nothing, an empty text is two quotes; line ends may stand within quotes.

        Args:
            rows: which.
            form: of a record.
            sink: takes them; one call holds whole records.
            ordered: always in the same order, so that the same rows are the same bytes.
        """


class Database(Protocol):
    """Where the table lives."""

    def snapshot(self, table: TableName, guard: str | None = None) -> AbstractContextManager[TableSnapshot]:
        """Connect, freeze the table, and let go when the context closes. Raises like `TableSnapshot`.

        Args:
            table: to be read.
            guard: a column whose `limit` will be asked for, so that it is found before the table is frozen.
        """

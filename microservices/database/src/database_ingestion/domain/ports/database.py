"""Port: a database that can show one table at one instant."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from ingestion_kernel.domain.ports.source import RecordSink

from database_ingestion.domain.slices import Cursor, Slice
from database_ingestion.domain.table import Field, TableName


class TableSnapshot(Protocol):
    """One table at one instant: all calls see the same rows, where the database can do that.

    Attributes:
        columns: names in the table's order.
        key: columns of the primary key, in its order; empty if there is none.

    Each method raises an IngestionError: SourceUnavailable, SourceAccessDenied, SourceDataInvalid or
    ConfigurationInvalid.
    """

    columns: tuple[str, ...]
    key: tuple[str, ...]

    def cursor(self, column: str) -> Cursor:
        """The column as a cursor; it must be one of `columns`."""

    def limit(self, cursor: Cursor) -> str | None:
        """The highest value that no row still to be committed can have; None if no such bound is known or needed."""

    def boundaries(self, cursor: Cursor, after: str | None, limit: str | None, rows: int) -> list[str]:
        """Upper ends, ascending and different, of windows of about `rows` rows over all rows in (after, limit].

        Rows with equal cursor share a window, so one may hold more. Empty if there is no row.
        """

    def held_back(self, cursor: Cursor, limit: str) -> int:
        """How many rows have a finite cursor above `limit`."""

    def has_unordered(self, cursor: Cursor) -> bool:
        """True if a row has a cursor that is NULL, NaN or infinite."""

    def copy(self, rows: Slice, fields: Sequence[Field], sink: RecordSink, *, ordered: bool) -> int:
        """Write the rows as JSON lines and return how many.

        Every scalar is a JSON string, NULL is null, arrays and documents stay JSON.

        Args:
            rows: which.
            fields: the record's columns.
            sink: takes the lines; its LakeUnavailable passes through.
            ordered: always in the same order, so that the same rows are the same bytes.
        """


class Database(Protocol):
    """Where the table lives."""

    def snapshot(self, table: TableName) -> AbstractContextManager[TableSnapshot]:
        """Connect, freeze the table, and let go when the context closes. Raises like `TableSnapshot`."""

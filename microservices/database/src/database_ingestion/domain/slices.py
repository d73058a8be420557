"""Which rows of the table go into one batch, and where the next run starts."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion_kernel.domain.batch import Watermark

#: Kinds of cursor that have an order which new rows follow.
CURSOR_KINDS = frozenset({"timestamptz", "timestamp", "date", "number", "text"})
#: Those of them that are points in time.
TIME_KINDS = frozenset({"timestamptz", "timestamp", "date"})


@dataclass(frozen=True, slots=True)
class Cursor:
    """A column that orders the rows. Its values are passed around as text that loses no digit of them.

    `kind` is one of CURSOR_KINDS, or any other word for a type that only serves to cut a table (a primary key).
    `nullable` is False only if each row surely has a finite value in this column.
    """

    column: str
    kind: str
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """Rows with `after` < cursor <= `upto`, compared by the database; `after` None has no lower end."""

    cursor: Cursor
    after: str | None
    upto: str


@dataclass(frozen=True, slots=True)
class Unordered:
    """Rows that no window can hold: their cursor is NULL, NaN or infinite."""

    cursor: Cursor


@dataclass(frozen=True, slots=True)
class AllRows:
    """The table as a whole."""


Slice = Window | Unordered | AllRows


def watermark_of(table: str, cursor: Cursor, upper: str) -> Watermark:
    """What the manifest of a window's batch holds."""
    return {"table": table, "column": cursor.column, "kind": cursor.kind, "upper": upper}


def start_after(watermark: Watermark | None, table: str, cursor: Cursor) -> str | None:
    """The upper end of the newest batch if it speaks of the same cursor; None to start from the first row.

    A changed table, column or type makes old ends meaningless. Reading anew repeats rows, which later layers know
    by their key; going on from an end of something else could skip rows for ever.
    """
    if watermark is None:
        return None
    same = watermark.get("table") == table and watermark.get("column") == cursor.column
    upper = watermark.get("upper")
    return str(upper) if same and watermark.get("kind") == cursor.kind and upper is not None else None

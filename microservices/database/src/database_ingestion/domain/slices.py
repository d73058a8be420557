"""Which rows of the table go into one batch, and where the next run starts."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion_kernel.domain.batch import Watermark

#: Kinds of cursor that have an order which new rows follow.
CURSOR_KINDS = frozenset({"timestamptz", "timestamp", "date", "number", "text"})
#: Those of them that are points in time.
TIME_KINDS = frozenset({"timestamptz", "timestamp", "date"})

#: A place in the order of a cursor: its column's value and, with a tie-breaker, those of the key's columns. Values are
#: text that loses no digit of them. A shorter one than the cursor has columns means "behind all that begin so".
Position = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A column that orders the rows, and columns that order those with an equal value in it.

    `kind` is one of CURSOR_KINDS, or any other word for a type that only serves to cut a table (a primary key).
    `nullable` is False only if each row surely has a finite value in this column.
    `key` is empty, or the tie-breaker: rows that are equal in the column are then cut along it.
    """

    column: str
    kind: str
    nullable: bool = True
    key: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The column and the key's."""
        return (self.column, *self.key)


@dataclass(frozen=True, slots=True)
class Window:
    """Rows with `after` < cursor <= `upto`, compared by the database; `after` None has no lower end."""

    cursor: Cursor
    after: Position | None
    upto: Position


@dataclass(frozen=True, slots=True)
class Unordered:
    """Rows that no window can hold: their cursor is NULL, NaN or infinite, or a column of its key is NULL."""

    cursor: Cursor


@dataclass(frozen=True, slots=True)
class AllRows:
    """The table as a whole."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """Rows that lie in the blocks [first, end) of the table's file, to its end if `end` is None.

    `parts` says how many connections read them, each its share, all in the same snapshot.
    """

    first: int
    end: int | None
    parts: int


Slice = Window | Unordered | AllRows | Blocks


def watermark_of(table: str, cursor: Cursor, upper: Position) -> Watermark:
    """What the manifest of a window's batch holds."""
    plain: dict[str, object] = {"table": table, "column": cursor.column, "kind": cursor.kind, "upper": upper[0]}
    return {**plain, "key": list(cursor.key), "upper_key": list(upper[1:])} if cursor.key else plain


def start_after(watermark: Watermark | None, table: str, cursor: Cursor) -> Position | None:
    """The upper end of the newest batch if it speaks of the same cursor; None to start from the first row.

    A changed table, column, type or key makes old ends meaningless. Reading anew repeats rows, which later layers know
    by their key; going on from an end of something else could skip rows for ever. An end without a key holds for a
    cursor that has got one: all rows up to it were read.
    """
    if watermark is None or watermark.get("upper") is None:
        return None
    same = watermark.get("table") == table and watermark.get("column") == cursor.column
    if not same or watermark.get("kind") != cursor.kind:
        return None
    key = tuple(watermark.get("key", ()))
    if key not in ((), cursor.key):
        return None
    return (str(watermark["upper"]), *map(str, watermark.get("upper_key", ())))

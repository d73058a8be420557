"""What PostgreSQL's catalog says of the table, and how each type is written into a record."""

from __future__ import annotations

from dataclasses import dataclass

from database_ingestion.domain.slices import Cursor
from database_ingestion.domain.table import TableName
from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from psycopg2 import sql
from psycopg2.extensions import cursor as Psycopg2Cursor

_FIND = """
SELECT c.oid, n.nspname, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass(%s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""

# A domain is followed down to the type it is made of. Type names count only within pg_catalog: anyone may call
# a type of his own "date".
_COLUMNS = """
WITH RECURSIVE base AS (
  SELECT a.attnum, a.attname, a.attnotnull, a.atttypmod AS typmod, t.*
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT b.attnum, b.attname, b.attnotnull, CASE WHEN b.typmod < 0 THEN b.typtypmod ELSE b.typmod END, t.*
  FROM base b JOIN pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd'
)
SELECT attname, CASE WHEN typnamespace = 'pg_catalog'::regnamespace THEN typname ELSE 'other' END,
       typtype = 'c' OR typcategory = 'A', attnotnull, typmod
FROM base WHERE typtype <> 'd' ORDER BY attnum
"""

_KEY = """
SELECT a.attname FROM pg_index i
CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = %s AND i.indisprimary ORDER BY k.place
"""

_INTEGERS = frozenset({"int2", "int4", "int8"})
_NUMBERS = _INTEGERS | {"numeric", "float4", "float8"}
_TEXTS = frozenset({"text", "varchar", "bpchar"})

#: Dates and times, which row_to_json writes as ISO 8601 by itself, and jsonb, which is on one line and exact.
_AS_THEY_ARE = frozenset({"date", "timestamp", "timestamptz", "jsonb"})

#: Types whose output in COPY is what ::text gives, unlike that of boolean (t) and char(n) (padded).
_SAME_AS_TEXT = _NUMBERS | {"text", "varchar", "date", "uuid"}

# ISO 8601 with a T, which no DateStyle gives: what to_json writes, but cheaper for all times that have no `BC` and are
# finite. The session is pinned to UTC and DateStyle ISO, so the text ends in +00.
_ISO_8601 = (
    "CASE WHEN {0} >= '0001-01-01' AND {0} < 'infinity' THEN replace({0}::text, ' ', 'T') || {zone}"
    " ELSE btrim(to_json({0})::text, '\"') END"
)


@dataclass(frozen=True, slots=True)
class PostgresColumn:
    """One column; `type` is its base type's name, `nested` means an array or a composite."""

    name: str
    type: str
    nested: bool
    not_null: bool
    typmod: int

    @property
    def kind(self) -> str:
        """Of a cursor on this column; see `Cursor`."""
        return "number" if self.type in _NUMBERS else "text" if self.type in _TEXTS else self.type

    @property
    def always_ordered(self) -> bool:
        """True if no row can be without a place: integers have no NaN and no infinity."""
        return self.not_null and self.type in _INTEGERS

    @property
    def unit_microseconds(self) -> int:
        """The smallest step of a timestamp column: 1 s for `timestamp(0)`, 1 microsecond by default."""
        return 10 ** (6 - self.typmod) if 0 <= self.typmod <= 6 else 1

    @property
    def is_json(self) -> bool:
        """True if the record shows a document or list, not a text."""
        return self.nested or self.type == "jsonb"

    def as_json(self, reference: sql.Composable) -> sql.Composable:
        """The expression that row_to_json writes without loss.

        Scalars go as text: as JSON numbers, numeric and bigint would lose digits in most parsers. A json value is
        copied verbatim by row_to_json, line feeds included, so it goes as text; within arrays and composites
        to_jsonb puts it on one line. money is written by the server's locale unless it goes by numeric.
        """
        if self.nested:
            return sql.SQL("to_jsonb({})").format(reference)
        if self.type in _AS_THEY_ARE:
            return reference
        if self.type == "money":
            return sql.SQL("{}::numeric::text").format(reference)
        return sql.SQL("{}::text").format(reference)

    def as_text(self, reference: sql.Composable) -> sql.Composable:
        """The expression that COPY's text format writes like row_to_json writes `as_json`."""
        if self.type in ("timestamp", "timestamptz"):
            return sql.SQL(_ISO_8601).format(reference, zone=sql.Literal(":00" if self.type == "timestamptz" else ""))
        if self.type in _SAME_AS_TEXT:  # a cast would cost, and change nothing
            return reference
        return self.as_json(reference)

    def unordered(self, reference: sql.Composable) -> sql.Composable:
        """A predicate, never NULL, for rows that cannot be put in a window: NULL, NaN, infinite."""
        if self.type in ("timestamptz", "timestamp", "date"):
            return sql.SQL("({0} IS NULL OR {0} IN ('infinity', '-infinity'))").format(reference)  # an index serves it
        if self.type in ("numeric", "float4", "float8"):
            return sql.SQL("({0} IS NULL OR {0}::text IN ('NaN', 'Infinity', '-Infinity'))").format(reference)
        return sql.SQL("({} IS NULL)").format(reference)


@dataclass(frozen=True, slots=True)
class PostgresTable:
    """The table as the catalog knows it; `kind` is pg_class.relkind."""

    oid: int
    schema: str
    name: str
    kind: str
    columns: tuple[PostgresColumn, ...]
    key: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    def as_cursor(self, name: str, key: tuple[str, ...] = ()) -> Cursor:
        """The column as a cursor, with `key` as its tie-breaker. KeyError if there is no such column."""
        first = self.column(name)
        sure = first.always_ordered and all(self.column(other).not_null for other in key)
        return Cursor(name, first.kind, nullable=not sure, key=key)

    def column(self, name: str) -> PostgresColumn:
        """The column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def read_table(cursor: Psycopg2Cursor, table: TableName) -> PostgresTable:
    """Look the table up.

    Raises:
        ConfigurationInvalid: there is no such table, view or foreign table.
        psycopg2.Error: the catalog cannot be read.
    """
    cursor.execute(_FIND, [_quoted(table)])
    found = cursor.fetchone()
    if found is None:
        advice = "Correct DB_TABLE; write it as schema.table, in the exact case of the database."
        raise ConfigurationInvalid(f"the database has no table {table}", advice=advice)
    oid, schema, name, kind = found
    cursor.execute(_COLUMNS, [oid])
    columns = tuple(PostgresColumn(*row) for row in cursor.fetchall())
    cursor.execute(_KEY, [oid])
    key = tuple(row[0] for row in cursor.fetchall())
    return PostgresTable(oid, schema, name, kind, columns, key)


def _quoted(table: TableName) -> str:
    parts = (table.schema, table.name) if table.schema else (table.name,)
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)

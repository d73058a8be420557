"""Slices of a table as conditions; the table is called `source`."""

from __future__ import annotations

from psycopg2 import sql

from database_ingestion.domain.slices import AllRows, Blocks, Cursor, Position, Slice, Unordered
from database_ingestion.infrastructure.ingestion.postgres_catalog import PostgresTable


def from_table(table: PostgresTable) -> sql.Composable:
    """What stands behind FROM."""
    return sql.SQL("{} AS source").format(sql.Identifier(table.schema, table.name))


def where(table: PostgresTable, rows: Slice) -> sql.Composable:
    """The rows of a slice."""
    if isinstance(rows, AllRows):
        return sql.SQL("true")
    if isinstance(rows, Unordered):
        return _unordered(table, rows.cursor)
    if isinstance(rows, Blocks):
        return _blocks(rows)
    return between(table, rows.cursor, rows.after, rows.upto)


def between(table: PostgresTable, cursor: Cursor, low: Position | None, high: Position | None) -> sql.Composable:
    """Rows behind `low` up to `high`, and never one that `Unordered` takes."""
    conditions: list[sql.Composable] = []
    if cursor.nullable:
        conditions.append(sql.SQL("NOT {}").format(_unordered(table, cursor)))
    if low is not None:
        conditions.append(_compared(cursor, low, ">"))
    if high is not None:
        conditions.append(_compared(cursor, high, "<="))
    return sql.SQL(" AND ").join(conditions or [sql.SQL("true")])


def _compared(cursor: Cursor, position: Position, operator: str) -> sql.Composable:
    columns = [sql.Identifier("source", name) for name in cursor.columns[: len(position)]]
    values = [sql.Literal(value) for value in position]
    if len(position) == 1:
        return sql.SQL(f"{{}} {operator} {{}}").format(columns[0], values[0])
    # the first column alone, too: an index that has only that one cannot serve the comparison of rows
    return sql.SQL(f"({{}}) {operator} ({{}}) AND {{}} {operator[0]}= {{}}").format(
        sql.SQL(", ").join(columns), sql.SQL(", ").join(values), columns[0], values[0]
    )


def _unordered(table: PostgresTable, cursor: Cursor) -> sql.Composable:
    own = table.column(cursor.column).unordered(sql.Identifier("source", cursor.column))
    keys = [sql.SQL("{} IS NULL").format(sql.Identifier("source", name)) for name in cursor.key]
    return sql.SQL("({})").format(sql.SQL(" OR ").join([own, *keys])) if keys else own


def _blocks(rows: Blocks) -> sql.Composable:
    conditions = [sql.SQL("source.ctid >= {}::tid").format(sql.Literal(f"({rows.first},0)"))]
    if rows.end is not None:
        conditions.append(sql.SQL("source.ctid < {}::tid").format(sql.Literal(f"({rows.end},0)")))
    return sql.SQL(" AND ").join(conditions)

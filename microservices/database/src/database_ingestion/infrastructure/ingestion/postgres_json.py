"""Rows as JSON that the server makes by `row_to_json`: the list of their columns, and what the row may be called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from psycopg2 import sql

from database_ingestion.domain.table import Field
from database_ingestion.infrastructure.ingestion.postgres_catalog import PostgresColumn


def json_columns(columns: Iterable[PostgresColumn], fields: Iterable[Field]) -> sql.Composed:
    """The list of SELECT: each column of the table `source` as JSON, under its field's name."""
    return sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(column.as_json(sql.Identifier("source", column.name)), sql.Identifier(field.name))
        for column, field in zip(columns, fields, strict=True)
    )


def row_alias(fields: Sequence[Field]) -> sql.Identifier:
    """An alias for row_to_json(x), which means the column x if there is one: it must be no field's name."""
    alias, taken = "record", {field.name for field in fields}
    while alias in taken:
        alias += "_"
    return sql.Identifier(alias)

"""Rows that have the same key."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F


def same_values(left: str, right: str, keys: tuple[str, ...]) -> Column:
    """A join's condition: the same keys on both sides, which go by these aliases; NULL is the same as NULL."""
    return F.expr(" AND ".join(f"{left}.{key} <=> {right}.{key}" for key in keys))


def other_values(left: str, right: str, names: Iterable[str]) -> str:
    """A MERGE's condition: at least one of the columns differs between the two sides; NULL is the same as NULL."""
    return " OR ".join(f"NOT ({left}.{name} <=> {right}.{name})" for name in names)

"""The data dictionary: every table's columns with type and meaning, as Markdown, from the tables' own schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyspark.sql.types import DataType, StructType

from etl_customers.modules.silver import customer_conflicts
from etl_customers.utils.lake_table import LakeTable

_HEAD = """\
# Data dictionary

Made of the tables' own schemas by `make dictionary`; a test compares the two. What is masked and why is in
[privacy.md](privacy.md); names that begin with `_` are for engineers.
"""


def data_dictionary(tables: Iterable[LakeTable]) -> str:
    """The whole page.

    Raises:
        ValueError: a column has no comment.
    """
    parts = [_HEAD]
    for table in tables:
        parts.append(_section(table.name, _rows(table)))
    parts.append(_section(f"{customer_conflicts.NAME} (view)", iter(customer_conflicts.COLUMNS)))
    return "\n".join(parts)


def _rows(table: LakeTable) -> Iterator[tuple[str, str, str]]:
    for field in table.schema.fields:
        comment = field.metadata.get("comment")
        if not comment:
            raise ValueError(f"{table.name}.{field.name} has no comment")
        yield field.name, _type_name(field.dataType), comment


def _type_name(kind: DataType) -> str:
    # A struct of structs is told by its fields' names: written out it would not fit on a page.
    if isinstance(kind, StructType):
        inner = {_type_name(field.dataType) for field in kind.fields if isinstance(field.dataType, StructType)}
        return f"struct<{', '.join(kind.fieldNames())}>" + "".join(f" of {name}" for name in sorted(inner))
    return kind.simpleString()


def _section(title: str, rows: Iterator[tuple[str, str, str]]) -> str:
    lines = [f"## {title}", "", "| column | type | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {kind} | {comment} |" for name, kind, comment in rows]
    return "\n".join(lines) + "\n"

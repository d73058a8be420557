"""Brings the API's records into the contract's columns; nothing of a record is dropped or rounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api_ingestion.application.helpers.documents import as_text, split_path, too_deep
from api_ingestion.application.helpers.flat_mapping import FlatMapping

#: Holds what the contract does not know of a record.
EXTRA = "_extra"
#: Within EXTRA: a record that is not a JSON object.
BARE_RECORD = "_record"


@dataclass(slots=True)
class _Branch:
    """A node of the tree of mapped paths; an object's children are keyed by name, a list's by index."""

    columns: list[str] = field(default_factory=list)
    children: dict[str | int, _Branch] = field(default_factory=dict)


class RecordMapper:
    """Turns a record into a row of raw.

    Args:
        columns: the contract's, in order.
        field_map: column -> path in the source's record (`a.b[0].c`); a column that is not in it has its own name
            there.
        max_depth: of objects and arrays within a record, the record itself included.

    Raises:
        ValueError: a path cannot be read, or is the whole record.
    """

    def __init__(self, columns: Sequence[str], field_map: Mapping[str, str], max_depth: int) -> None:
        self._columns = tuple(columns)
        self._max_depth = max_depth
        paths = {column: split_path(field_map.get(column, column)) for column in columns}
        if () in paths.values():
            raise ValueError("a column cannot be the whole record")
        self._flat = FlatMapping(paths, max_depth) if FlatMapping.fits(list(paths.values()), max_depth) else None
        self._tree = _Branch()
        for column, path in paths.items():
            node = self._tree
            for step in path:
                node = node.children.setdefault(step, _Branch())
            node.columns.append(column)

    def row(self, record: Any) -> dict[str, Any]:
        """The columns that the record has, in contract order, then what is left under `_extra`; all scalars are text.

        Raises:
            SourceDataInvalid: nested too deep.
        """
        if not isinstance(record, dict):
            return {EXTRA: {BARE_RECORD: as_text(record, self._max_depth)}}
        row, extra = self._flat.row(record) if self._flat else self._split(record)
        if extra:
            row[EXTRA] = extra
        return row

    def _split(self, record: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        found: dict[str, Any] = {}
        extra = _split_object(record, self._tree.children, found, self._max_depth)
        return {column: found[column] for column in self._columns if column in found}, extra


#: Nothing of the value is left: all of it went into columns.
_TAKEN = object()


def _split_object(
    node: Mapping[str, Any], branches: Mapping[str | int, _Branch], found: dict[str, Any], depth: int
) -> dict[str, Any]:
    """Move the mapped values of `node` into `found`; returns the rest."""
    if depth <= 0:
        raise too_deep()
    rest: dict[str, Any] = {}
    for key, value in node.items():
        branch = branches.get(key)
        left = as_text(value, depth - 1) if branch is None else _take(value, branch, found, depth - 1)
        if left is not _TAKEN:
            rest[key] = left
    return rest


def _split_list(
    node: list[Any], branches: Mapping[str | int, _Branch], found: dict[str, Any], depth: int
) -> list[Any] | None:
    """Like `_split_object`. In the rest null stands for an item that was taken, so that the others keep their index."""
    if depth <= 0:
        raise too_deep()
    rest: list[Any] = []
    left_any = False
    for index, value in enumerate(node):
        branch = branches.get(index)
        left = as_text(value, depth - 1) if branch is None else _take(value, branch, found, depth - 1)
        left_any = left_any or left is not _TAKEN
        rest.append(None if left is _TAKEN else left)
    return rest if left_any else None


def _take(value: Any, branch: _Branch, found: dict[str, Any], depth: int) -> Any:
    """Put `value` into the branch's columns and its parts into those below; returns what no column took."""
    if branch.columns:
        text = as_text(value, depth)
        for column in branch.columns:
            found[column] = text
    if value and branch.children:
        left: Any = _TAKEN
        if isinstance(value, dict):
            left = _split_object(value, branch.children, found, depth) or _TAKEN
        elif isinstance(value, list):
            left = _split_list(value, branch.children, found, depth) or _TAKEN
        elif not branch.columns:
            left = as_text(value, depth)
        return _TAKEN if branch.columns else left
    return _TAKEN if branch.columns else as_text(value, depth)

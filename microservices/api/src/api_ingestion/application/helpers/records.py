"""Brings the API's records into the contract's columns; nothing of a record is dropped or rounded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingestion_kernel.domain.exceptions import SourceDataInvalid

#: Holds what the contract does not know of a record.
EXTRA = "_extra"
#: Within EXTRA: a record that is not a JSON object.
BARE_RECORD = "_record"
#: Keys from the outermost object inwards; the empty path is the document itself.
Path = tuple[str, ...]

_DIGEST_DIGITS = 16
_WHOLE_DOCUMENT = "."


def parse_json(body: bytes) -> Any:
    """The JSON text in `body`, its numbers as the very digits received: a float would round money.

    Raises:
        SourceDataInvalid: not JSON, or nested too deep to be read.
    """
    try:
        return json.loads(body, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        # JSONDecodeError carries the whole document, hence no cause
        raise SourceDataInvalid(f"the API's answer is not readable JSON ({type(error).__name__})") from None


def at_path(document: Any, path: Path) -> Any:
    """The value under the keys of `path`.

    Raises:
        KeyError: there is none.
    """
    for key in path:
        if not isinstance(document, dict):
            raise KeyError(key)
        document = document[key]
    return document


def split_path(text: str) -> Path:
    """`a.b` -> `("a", "b")`; a lone dot is the document itself."""
    return () if text == _WHOLE_DOCUMENT else tuple(text.split("."))


def scalar_text(value: Any) -> str | None:
    """A scalar as text, as `parse_json` left it; None for null, objects and arrays."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def digest(value: Any) -> str:
    """Names a record's content, whatever the order of its keys: 16 hex digits of SHA-256.

    Raises:
        SourceDataInvalid: nested too deep.
    """
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        raise _too_deep() from None
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_DIGITS]


@dataclass(slots=True)
class _Branch:
    """A node of the tree of mapped paths."""

    columns: list[str] = field(default_factory=list)
    children: dict[str, _Branch] = field(default_factory=dict)


class RecordMapper:
    """Turns a record into one JSON line.

    Args:
        columns: the contract's, in order.
        field_map: column -> dotted path in the source's record; a column that is not in it has its own name there.
    """

    def __init__(self, columns: Sequence[str], field_map: Mapping[str, str]) -> None:
        self._columns = tuple(columns)
        self._tree = _Branch()
        for column in columns:
            node = self._tree
            for key in field_map.get(column, column).split("."):
                node = node.children.setdefault(key, _Branch())
            node.columns.append(column)

    def line(self, record: Any) -> bytes:
        """One line of raw: the columns that the record has, in contract order, then what is left under `_extra`.

        Raises:
            SourceDataInvalid: nested too deep.
        """
        try:
            return _json_line(self._row(record))
        except RecursionError:
            raise _too_deep() from None

    def _row(self, record: Any) -> dict[str, Any]:
        if isinstance(record, dict):
            found: dict[str, Any] = {}
            extra = _split(record, self._tree, found)
            row = {column: found[column] for column in self._columns if column in found}
        else:
            row, extra = {}, {BARE_RECORD: _as_text(record)}
        if extra:
            row[EXTRA] = extra
        return row


def _json_line(row: dict[str, Any]) -> bytes:
    try:
        return (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
    except UnicodeEncodeError:  # half a surrogate pair: only its escape can be written
        return (json.dumps(row, separators=(",", ":")) + "\n").encode()


def _too_deep() -> SourceDataInvalid:
    return SourceDataInvalid("a record is nested too deep to be read")


def _split(node: Mapping[str, Any], tree: _Branch, found: dict[str, Any]) -> dict[str, Any]:
    """Move the mapped values of `node` into `found`; returns the rest."""
    rest: dict[str, Any] = {}
    for key, value in node.items():
        branch = tree.children.get(key)
        if branch is None:
            rest[key] = _as_text(value)
            continue
        for column in branch.columns:
            found[column] = _as_text(value)
        if branch.children and isinstance(value, dict):
            below = _split(value, branch, found)
            if (below or not value) and not branch.columns:
                rest[key] = below
        elif not branch.columns:
            rest[key] = _as_text(value)
    return rest


def _as_text(value: Any) -> Any:
    """Numbers are text already; booleans become text too, at any depth. Null stays null."""
    if isinstance(value, bool):
        return scalar_text(value)
    if isinstance(value, dict):
        return {key: _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return value

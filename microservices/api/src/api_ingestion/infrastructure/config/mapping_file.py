"""The mapping of a partner's records to the contract: from API_FIELD_MAP, or from a file in JSON or YAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from ingestion_kernel.domain.exceptions import ConfigurationInvalid

from api_ingestion.application.helpers.documents import split_path

_SHAPE = "The file is JSON or YAML and holds `columns`, an object of contract column -> path, such as email: mails[0]."
_MAX_BYTES = 1024 * 1024


def field_map(inline: Mapping[str, str], file: Path | None, columns: Sequence[str]) -> dict[str, str]:
    """Contract column -> path in the partner's record.

    Args:
        inline: API_FIELD_MAP.
        file: API_MAPPING_FILE, None if there is none.
        columns: the contract's.

    Raises:
        ConfigurationInvalid: the file cannot be read, or a name or path in it is wrong; the text says which.
    """
    name = "API_FIELD_MAP" if file is None else "API_MAPPING_FILE"
    found = dict(inline) if file is None else _columns_of(file)
    unknown = sorted(set(found) - set(columns))
    if unknown:
        near = {column: get_close_matches(column, columns, 1) for column in unknown}
        named = ", ".join(f"{column} (meant {match[0]}?)" if match else column for column, match in near.items())
        raise ConfigurationInvalid(
            f"{name} names columns that the contract does not have: {named}",
            advice=f"The contract's columns are: {', '.join(columns)}.",
        )
    for column, path in found.items():
        _check_path(name, column, path)
    return found


def _check_path(name: str, column: str, path: object) -> None:
    try:
        if not isinstance(path, str) or not split_path(path):
            raise ValueError("must be a path such as a.b or a.list[0].b")
    except ValueError as error:
        raise ConfigurationInvalid(f"{name}: the path of {column} {error}", advice=_SHAPE) from None


def _columns_of(file: Path) -> dict[str, Any]:
    document = _load(file)
    if not isinstance(document, dict) or set(document) != {"columns"} or not isinstance(document["columns"], dict):
        raise ConfigurationInvalid("API_MAPPING_FILE must hold `columns` and nothing else", advice=_SHAPE)
    columns = document["columns"]
    if not columns or not all(isinstance(column, str) for column in columns):
        raise ConfigurationInvalid("API_MAPPING_FILE: `columns` must map column names to paths", advice=_SHAPE)
    return columns


def _load(file: Path) -> Any:
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise ConfigurationInvalid(f"API_MAPPING_FILE is larger than {_MAX_BYTES} bytes", advice=_SHAPE)
        return yaml.load(file.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except OSError as error:
        raise ConfigurationInvalid(
            f"API_MAPPING_FILE cannot be read ({type(error).__name__})", advice="Check the path and its permissions."
        ) from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) if isinstance(error, _TwiceError) else None
        raise ConfigurationInvalid(
            f"API_MAPPING_FILE: {problem or 'neither JSON nor YAML'}{place}", advice=_SHAPE
        ) from None


class _TwiceError(yaml.constructor.ConstructorError):
    """A key stands twice in one object."""


class _UniqueKeys(yaml.SafeLoader):
    """YAML 1.1 (JSON is nearly a part of it) that refuses a key twice, as the first would be lost silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _TwiceError(problem="a name stands twice", problem_mark=key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)

"""GitHub's expressions: literals, contexts, operators, and the functions that our workflows use.

Source: https://docs.github.com/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Functions = Mapping[str, Callable[..., Any]]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>&&|\|\||==|!=|[!().,\[\]]))"
)
_HOLE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


class Unsupported(Exception):
    """The expression uses something that the dry run does not know."""


def fill(text: Any, contexts: Mapping[str, Any], functions: Functions | None = None) -> Any:
    """A value with its `${{ }}` filled in; what is one expression as a whole keeps its type."""
    if not isinstance(text, str):
        return text
    whole = _HOLE.fullmatch(text.strip())
    if whole and text.count("${{") == 1:
        return evaluate(whole[1], contexts, functions)
    return _HOLE.sub(lambda hole: as_text(evaluate(hole[1], contexts, functions)), text)


def condition(text: Any, contexts: Mapping[str, Any], functions: Functions) -> bool:
    """An `if`: without a function of status, success() is meant, too."""
    if text is None:
        return bool(functions["success"]())
    source = str(text).strip()
    whole = _HOLE.fullmatch(source)
    source = whole[1] if whole else source
    found = truth(evaluate(source, contexts, functions))
    asks = re.search(r"\b(always|success|failure|cancelled)\(\)", source)
    return found and (bool(asks) or bool(functions["success"]()))


def evaluate(source: str, contexts: Mapping[str, Any], functions: Functions | None = None) -> Any:
    """The value of an expression. Raises Unsupported."""
    parser = _Parser(_tokens(source), contexts, {**_FUNCTIONS, **(functions or {})})
    value = parser.any_of()
    if parser.left():
        raise Unsupported(source)
    return value


def truth(value: Any) -> bool:
    """As GitHub sees it: '' and 0 and null are false, '0' and 'false' are true."""
    return value not in (None, "", 0, False)


def as_text(value: Any) -> str:
    """How a value looks within a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def _tokens(source: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while source[place:].strip():
        token = _TOKEN.match(source, place)
        if not token or not token.lastgroup:
            raise Unsupported(source)
        found.append((token.lastgroup, token[token.lastgroup]))
        place = token.end()
    return found


class _Parser:
    """By recursive descent. Both sides of an operator are evaluated: nothing here has an effect."""

    def __init__(self, tokens: list[tuple[str, str]], contexts: Mapping[str, Any], functions: Functions) -> None:
        self._tokens, self._contexts, self._functions = tokens, contexts, functions

    def left(self) -> bool:
        return bool(self._tokens)

    def any_of(self) -> Any:
        value = self._all_of()
        while self._takes("||"):
            other = self._all_of()
            value = value if truth(value) else other
        return value

    def _all_of(self) -> Any:
        value = self._compared()
        while self._takes("&&"):
            other = self._compared()
            value = other if truth(value) else value
        return value

    def _compared(self) -> Any:
        value = self._one()
        if self._takes("=="):
            return _equal(value, self._one())
        if self._takes("!="):
            return not _equal(value, self._one())
        return value

    def _one(self) -> Any:
        if self._takes("!"):
            return not truth(self._one())
        if self._takes("("):
            value = self.any_of()
            self._must(")")
            return value
        kind, text = self._next()
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return int(text)
        if kind != "name":
            raise Unsupported(text)
        if text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text]
        return self._call(text) if self._takes("(") else self._path(text)

    def _call(self, name: str) -> Any:
        if name not in self._functions:
            raise Unsupported(f"{name}()")
        given = []
        while not self._takes(")"):
            given.append(self.any_of())
            self._takes(",")
        return self._functions[name](*given)

    def _path(self, name: str) -> Any:
        if name not in self._contexts:
            raise Unsupported(f"context {name}")
        value = self._contexts[name]
        while True:
            if self._takes("."):
                key: Any = self._next()[1]
            elif self._takes("["):
                key = self.any_of()
                self._must("]")
            else:
                return value
            value = value.get(key) if isinstance(value, Mapping) else None

    def _takes(self, sign: str) -> bool:
        if self._tokens and self._tokens[0] == ("sign", sign):
            self._tokens.pop(0)
            return True
        return False

    def _must(self, sign: str) -> None:
        if not self._takes(sign):
            raise Unsupported(f"{sign} is missing")

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise Unsupported("it ends too early")
        return self._tokens.pop(0)


def _equal(one: Any, other: Any) -> bool:
    """Texts without regard to case; a missing value equals an empty text, as both are 0 to GitHub."""
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return bool(_number(one) == _number(other))
    return bool(one == other)


def _number(value: Any) -> float:
    if isinstance(value, str):
        try:
            return float(value or 0)
        except ValueError:
            return float("nan")
    return float(value or 0)


def _contains(where: Any, what: Any) -> bool:
    return what in where if isinstance(where, list) else as_text(what).lower() in as_text(where).lower()


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "toJSON": lambda value: json.dumps(value, indent=2),
    "fromJSON": json.loads,
    "contains": _contains,
    "startsWith": lambda text, start: as_text(text).lower().startswith(as_text(start).lower()),
    "format": lambda text, *given: text.format(*map(as_text, given)),
    "hashFiles": lambda *patterns: f"hash-of-{len(fnmatch.filter(patterns, '*'))}-patterns",
}

"""JSON documents as received: read without rounding, addressed by paths, named by their content."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import msgspec
from ingestion_kernel.domain.exceptions import SourceDataInvalid

#: Keys and list indices from the outermost value inwards; the empty path is the document itself.
Path = tuple[str | int, ...]

_DIGEST_DIGITS = 16
_WHOLE_DOCUMENT = "."
_STEP = re.compile(r"(?:\A|(?<=.)\.)([^.\[\]]+)|\[(\d{1,6})\]")
# floats stay text: a binary float would round money. Integers are exact as they are
_decode = msgspec.json.Decoder(float_hook=str).decode
_encode_lines = msgspec.json.Encoder().encode_lines


def parse_json(body: bytes) -> Any:
    """The JSON text in `body`; numbers with a fraction or exponent are the very digits received, integers int or text.

    Raises:
        SourceDataInvalid: not JSON, or nested too deep to be read.
    """
    try:
        return _decode(body)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        pass  # the standard library takes a little more: NaN, half a surrogate pair, other Unicode encodings
    try:
        return json.loads(body, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        # JSONDecodeError carries the whole document, hence no cause
        raise SourceDataInvalid(f"the API's answer is not readable JSON ({type(error).__name__})") from None


def at_path(document: Any, path: Path) -> Any:
    """The value at the end of `path`.

    Raises:
        KeyError: there is none.
    """
    for step in path:
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                raise KeyError(step)
        elif not isinstance(document, dict):
            raise KeyError(step)
        document = document[step]
    return document


def split_path(text: str) -> Path:
    """`a.b[0].c` -> `("a", "b", 0, "c")`; a lone dot is the document itself.

    Raises:
        ValueError: not such a path.
    """
    if text == _WHOLE_DOCUMENT:
        return ()
    steps: list[str | int] = []
    end = 0
    for match in _STEP.finditer(text):
        if match.start() != end:
            break
        key, index = match.groups()
        steps.append(key if index is None else int(index))
        end = match.end()
    if not steps or end != len(text):
        raise ValueError("must be a path such as a.b or a.list[0].b")
    return tuple(steps)


def scalar_text(value: Any) -> str | None:
    """A scalar as text, with the digits received; None for null, objects and arrays."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else None


def as_text(value: Any, depth: int) -> Any:
    """`value` with each scalar in it as text. Null stays null.

    Raises:
        SourceDataInvalid: nested deeper than `depth`.
    """
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, dict):
        if depth <= 0:
            raise too_deep()
        return {key: as_text(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        if depth <= 0:
            raise too_deep()
        return [as_text(item, depth - 1) for item in value]
    return scalar_text(value)


def digest(record: Any, depth: int) -> str:
    """Names a record's content, whatever the order of its keys: 16 hex digits of SHA-256.

    Raises:
        SourceDataInvalid: nested deeper than `depth`.
    """
    text = json.dumps(as_text(record, depth), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_DIGITS]


def page_digest(records: list[Any]) -> str:
    """Names a page: 16 hex digits of SHA-256 over its records as they came.

    Raises:
        SourceDataInvalid: nested too deep to be read.
    """
    return hashlib.sha256(json_bytes(records)).hexdigest()[:_DIGEST_DIGITS]


def json_bytes(value: Any) -> bytes:
    """`value`, which must hold no float, as compact JSON in UTF-8.

    Raises:
        SourceDataInvalid: nested too deep to be written.
    """
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # half a surrogate pair: only its escape can be written
        return json.dumps(value, separators=(",", ":")).encode()
    except RecursionError:
        raise too_deep() from None


def json_lines(rows: list[Any]) -> bytes:
    """Each of `rows`, which must hold no float, as compact JSON in UTF-8 and a line feed."""
    try:
        return _encode_lines(rows)
    except UnicodeEncodeError:
        return b"".join(json_bytes(row) + b"\n" for row in rows)


def too_deep() -> SourceDataInvalid:
    """The fault of a record whose nesting passes the limit."""
    return SourceDataInvalid(
        "a record is nested too deep", advice="Raise API_MAX_JSON_DEPTH if the partner's records really are that deep."
    )

"""Canonical CSV, as raw has it: UTF-8, LF, RFC 4180 quoting, the contract's columns in order, then `_extra`."""

from __future__ import annotations

from collections.abc import Sequence

#: Last column: a JSON object of what the contract does not know, or empty; see docs/decisions/0003.
EXTRA_COLUMN = "_extra"


def canonical_header(columns: Sequence[str]) -> bytes:
    """The header line of every canonical part.

    Args:
        columns: the contract's, in its order.
    """
    return (",".join([*columns, EXTRA_COLUMN]) + "\n").encode()


def header_columns(header: bytes) -> tuple[str, ...]:
    """The columns that a header names, `_extra` included; none if it is empty, as JSON lines have no header."""
    return tuple(header.decode().rstrip("\n").split(",")) if header else ()

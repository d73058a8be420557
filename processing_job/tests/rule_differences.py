"""Where a library and our rule differ, by class: what the text must look like, what each says, and why ours says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from rule_libraries import Library, Text, Verdict

#: What silver takes from the edges of every text (`silver.text.clean`).
_EDGES = " \t\n\r\x0b\x0c\u00a0\u202f\ufeff"


@dataclass(frozen=True)
class Difference:
    """A class of differences with one library.

    `our_fault` is the rule that silver says is broken, None where we accept. `mended` spells a text that only we accept
    in a way that the library accepts too: that shows that nothing else is what it minds.
    """

    library: Library
    name: str
    library_says: Verdict
    our_fault: str | None
    applies: Callable[[Text], bool]
    example: Text
    why: str
    mended: Callable[[str], str] | None = None


def stripped(text: Text) -> str:
    """`text` without what silver takes from its edges."""
    return (text or "").strip(_EDGES)


def without(separators: str) -> Callable[[str], str]:
    """Spells a text without `separators` and without blanks at its edges."""
    return lambda text: stripped(text).translate(dict.fromkeys(map(ord, separators)))


def holds(signs: str) -> Callable[[Text], bool]:
    """True for a text with any of `signs` within."""
    return lambda text: any(sign in stripped(text) for sign in signs)


def has_edge_blanks(text: Text) -> bool:
    """True if silver takes something from the edges."""
    return text is not None and text != stripped(text)


def has_edge_mark(text: Text) -> bool:
    """True for a byte order mark among what silver takes from the edges."""
    return text is not None and "\ufeff" in text and "\ufeff" not in stripped(text)


def has_rare_blank(text: Text) -> bool:
    """True for a blank that silver does not take from where it stands."""
    return any(char.isspace() and char not in " \u00a0" for char in stripped(text))


def has_foreign_decimal(text: Text) -> bool:
    """True for decimal digits of another script (Unicode's Nd), full-width and mathematical ones included."""
    return any(char.isdecimal() and not char.isascii() for char in stripped(text))


def has_superscript(text: Text) -> bool:
    """True for what `str.isdigit` takes for a digit and `int` does not read."""
    return any(char.isdigit() and not char.isdecimal() for char in stripped(text))


def all_digits_equal(text: Text) -> bool:
    """True for one ASCII digit over and over, whatever stands between."""
    digits = re.sub("[^0-9]", "", text or "")
    return len(digits) > 1 and len(set(digits)) == 1


def is_missing(text: Text) -> bool:
    """True for NULL."""
    return text is None


def ascii_digits(shortest: int, longest: int) -> Callable[[Text], bool]:
    """True for a text that is ASCII digits and nothing else, so many of them."""
    return lambda text: re.fullmatch(rf"[0-9]{{{shortest},{longest}}}", stripped(text)) is not None

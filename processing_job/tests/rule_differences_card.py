"""The classes of differences about payment cards. Of those that fit a text, the first counts."""

from __future__ import annotations

from dataclasses import replace

from rule_differences import (
    Difference,
    all_digits_equal,
    ascii_digits,
    has_edge_blanks,
    has_edge_mark,
    has_rare_blank,
    holds,
    without,
)
from rule_libraries import PYDANTIC_CARD, STDNUM_LUHN, Verdict

_TAKEN, _REFUSED = Verdict.ACCEPTS, Verdict.REFUSES
_GROUPS = (
    "Cards print their number in groups; ISO/IEC 7812-1 is about the digits alone: spaces, hyphens and no-break"
    " spaces hold no information."
)
_EDGES = "Blanks at the edges come from exports (padding, line ends, a byte order mark) and are no part of the number."
_LENGTH = (
    "Luhn's sum alone says nothing about length: one text in ten passes it. ISO/IEC 7812-1 ends a number at 19"
    " digits. The lower bound of 12 is ours, the shortest that a payment brand issues (Maestro); the standard itself"
    " allows shorter ones, which are no payment cards."
)
_EQUAL = (
    "Zeros at any length and other digits at some pass Luhn's sum (Spark's `luhn_check` takes sixteen zeros as"
    " well). They are what forms and test systems are filled with. ISO/IEC 7812-1 does not exclude them; the choice"
    " is ours."
)
_BRAND = (
    "ISO/IEC 7812-1 allows up to 19 digits whatever the issuer. Which brand issues which length is no standard and"
    " changes; a list in our code would one day refuse good cards. Nothing is charged here: only the last four"
    " digits are shown."
)
_BLANKS = "Only the blanks that exports leave are taken off; any other hints at damage, and the row goes to quarantine."

_OF_EQUAL_DIGITS = Difference(
    STDNUM_LUHN, "equal digits", _TAKEN, "CARD_REPEATED_DIGIT", all_digits_equal, "0000000000000000", _EQUAL
)
_IN_GROUPS = Difference(
    STDNUM_LUHN,
    "separators",
    _REFUSED,
    None,
    holds(" -\u00a0"),
    "4111 1111 1111 1111",
    _GROUPS,
    mended=without(" -\u00a0"),
)

CARD_DIFFERENCES = (
    _OF_EQUAL_DIGITS,
    Difference(STDNUM_LUHN, "fewer than 12 digits", _TAKEN, "CARD_LENGTH", ascii_digits(1, 11), "79927398713", _LENGTH),
    Difference(
        STDNUM_LUHN, "more than 19 digits", _TAKEN, "CARD_LENGTH", ascii_digits(20, 99), "41111111111111111115", _LENGTH
    ),
    _IN_GROUPS,
    Difference(
        STDNUM_LUHN,
        "blanks at an edge",
        _REFUSED,
        None,
        has_edge_blanks,
        " 4111111111111111",
        _EDGES,
        mended=without(""),
    ),
    replace(_OF_EQUAL_DIGITS, library=PYDANTIC_CARD),
    Difference(
        PYDANTIC_CARD,
        "rare blanks at an edge",
        _TAKEN,
        "CARD_CHARACTERS",
        has_rare_blank,
        "4111111111111111\u2003",
        _BLANKS,
    ),
    replace(_IN_GROUPS, library=PYDANTIC_CARD),
    Difference(
        PYDANTIC_CARD,
        "byte order mark at an edge",
        _REFUSED,
        None,
        has_edge_mark,
        "\ufeff4111111111111111",
        _EDGES,
        mended=without(""),
    ),
    Difference(
        PYDANTIC_CARD,
        "length that the brand does not issue",
        _REFUSED,
        None,
        ascii_digits(12, 19),
        "411111111111116",
        _BRAND,
    ),
)

"""The classes of differences about CPFs. Of those that fit a text, the first counts."""

from __future__ import annotations

import re
from dataclasses import replace

from rule_cases import FOREIGN_MARKS, in_script
from rule_differences import (
    Difference,
    all_digits_equal,
    has_edge_blanks,
    has_edge_mark,
    has_foreign_decimal,
    has_rare_blank,
    has_superscript,
    holds,
    is_missing,
    without,
)
from rule_libraries import BRUTILS_CPF, DOCBR_CPF, STDNUM_CPF, Text, Verdict

_TAKEN, _REFUSED, _RAISED = Verdict.ACCEPTS, Verdict.REFUSES, Verdict.RAISES
_CHARACTERS = "CPF_CHARACTERS"

_DIGITS = (
    "Receita Federal writes a CPF with the digits 0 to 9. A match key and a token are made of the very characters:"
    " two spellings of one number would be two persons, and a source that sends such digits should be seen, not"
    " guessed at."
)
_SEPARATORS = (
    "The form that Receita Federal prints, 529.982.247-25, and what sources make of it are the same number. Dots,"
    " hyphens, slashes, spaces and no-break spaces hold no information; refusing them would put good rows into"
    " quarantine."
)
_EDGES = "Blanks at the edges come from exports (padding, line ends, a byte order mark) and are no part of the number."
_SLASH = (
    "Older documents set the check digits apart by a slash (529982247/25). It holds no information, like the" " hyphen."
)
_MARKS = (
    "Not among the separators that we take off. They are what word processors and PDFs make of a hyphen or a dot;"
    " the row goes to quarantine, from which it can be replayed, rather than have a longer list of look-alikes"
    " decide on identity."
)
_BLANKS = "Only spaces and no-break spaces may stand within; any other blank hints at two fields or lines run together."
_EQUAL = (
    "The sums of the ten numbers of equal digits are right, yet they are what people type for want of a CPF, and"
    " all who do would become one customer. Modulus 11 itself does not exclude them; the Brazilian libraries do as"
    " we do."
)
_SHORT = (
    "A CPF has eleven digits. Leading zeros are put back only for a source whose contract says that its CPFs went"
    " through a number (`numeric_cpf`), and only for 8 to 10 digits: every short number made up to eleven has a"
    " chance of 1 in 100 to become another person's CPF."
)
_NULL = "A missing value is no exception: the row breaks the rule `MISSING` and goes to quarantine, the run goes on."
_SUPERSCRIPT = "One such value must not end a run over millions: `str.isdigit` holds for ², but `int` does not read it."


def _is_short(text: Text) -> bool:
    return len(re.sub("[^0-9]", "", text or "")) < 11


_SLASHED = Difference(STDNUM_CPF, "slash", _REFUSED, None, holds("/"), "529.982.247/25", _SLASH, mended=without("/"))
_WITH_EDGE_BLANKS = Difference(
    BRUTILS_CPF, "blanks at an edge", _REFUSED, None, has_edge_blanks, " 52998224725", _EDGES, mended=without("")
)

CPF_DIFFERENCES = (
    Difference(
        STDNUM_CPF,
        "full-width and mathematical digits",
        _TAKEN,
        _CHARACTERS,
        has_foreign_decimal,
        in_script("52998224725", "full-width"),
        _DIGITS,
    ),
    Difference(
        STDNUM_CPF,
        "dashes and dots that are not ASCII",
        _TAKEN,
        _CHARACTERS,
        holds("".join(FOREIGN_MARKS)),
        "529.982.247\u201325",
        _MARKS,
    ),
    Difference(STDNUM_CPF, "rare blanks", _TAKEN, _CHARACTERS, has_rare_blank, "529982247\u200925", _BLANKS),
    Difference(STDNUM_CPF, "equal digits", _TAKEN, "CPF_REPEATED_DIGIT", all_digits_equal, "111.111.111-11", _EQUAL),
    _SLASHED,
    Difference(
        STDNUM_CPF,
        "byte order mark at an edge",
        _REFUSED,
        None,
        has_edge_mark,
        "\ufeff52998224725",
        _EDGES,
        mended=without(""),
    ),
    Difference(
        BRUTILS_CPF,
        "separators",
        _REFUSED,
        None,
        holds(" .-/\u00a0"),
        "529.982.247-25",
        _SEPARATORS,
        mended=without(" .-/\u00a0"),
    ),
    _WITH_EDGE_BLANKS,
    Difference(
        BRUTILS_CPF, "superscript digits", _RAISED, _CHARACTERS, has_superscript, "5299822472\u00b2", _SUPERSCRIPT
    ),
    Difference(
        BRUTILS_CPF,
        "decimal digits of any script",
        _TAKEN,
        _CHARACTERS,
        has_foreign_decimal,
        in_script("52998224725", "Arabic-Indic"),
        _DIGITS,
    ),
    Difference(DOCBR_CPF, "missing value", _RAISED, "MISSING", is_missing, None, _NULL),
    Difference(
        DOCBR_CPF,
        "a digit of another script among the first nine",
        _TAKEN,
        _CHARACTERS,
        has_foreign_decimal,
        in_script("529982247", "Devanagari") + "25",
        _DIGITS,
    ),
    Difference(DOCBR_CPF, "fewer than eleven digits", _TAKEN, "CPF_LENGTH", _is_short, "191", _SHORT),
    replace(_SLASHED, library=DOCBR_CPF),
    Difference(
        DOCBR_CPF,
        "spaces within",
        _REFUSED,
        None,
        holds(" \u00a0"),
        "529 982 247 25",
        _SEPARATORS,
        mended=without(" \u00a0"),
    ),
    replace(_WITH_EDGE_BLANKS, library=DOCBR_CPF),
)

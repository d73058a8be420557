"""Text as the sources write it, made comparable. Native Spark expressions only."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import and_, or_

from customer_contract.names import ACCENTS
from pyspark.sql import Column
from pyspark.sql import functions as F

#: Fault of a value that arrives masked: it cannot be checked, and must not be masked again.
ALREADY_MASKED = "ALREADY_MASKED"
#: Blanks that sources leave in and around a field, beside the space; NUL, which many tools end a text at, is one.
_RARE_BLANKS = "\0\t\n\r\x0b\x0c\u00a0\u202f\ufeff"
_BLANKS = " " + _RARE_BLANKS
#: Stands between the fields of a row when all are looked at as one text (ASCII's unit separator).
_BETWEEN = "\x1f"


def joined(texts: list[Column], separator: str = _BETWEEN) -> Column:
    """All `texts` as one, with a separator around each; NULLs left out. One look at it is cheaper than one at each."""
    return F.concat(F.lit(separator), F.concat_ws(separator, *texts), F.lit(separator))


def any_of(conditions: Iterable[Column]) -> Column:
    """True if any condition holds; a condition after one that holds is not evaluated."""
    return reduce(or_, conditions)


def all_of(conditions: Iterable[Column]) -> Column:
    """True if all conditions hold; a condition after one that does not is not evaluated."""
    return reduce(and_, conditions)


def without(text: Column, separators: str) -> Column:
    """`text` without any of `separators`; for few and mostly absent ones far cheaper than `translate`."""
    return reduce(lambda rest, separator: F.replace(rest, F.lit(separator), F.lit("")), separators, text)


def is_tidy(texts: list[Column]) -> Column:
    """True if none of `texts` is empty, has blanks at its edges, a rare blank, or two blanks in a row.

    With a blank between the texts, each of these but the rare ones makes two in a row.
    """
    row = joined(texts, " ")
    return ~any_of(F.contains(row, F.lit(sign)) for sign in ("  ", *_RARE_BLANKS))


def clean(text: Column, tidy: Column, squeezed: bool = False) -> Column:
    """`text` without blanks at its edges, each run of blanks made one space if `squeezed`; NULL if nothing is left.

    `tidy` is the row's `is_tidy`.
    """
    inner = F.regexp_replace(text, f"[{_BLANKS}]+", " ") if squeezed else text
    trimmed = F.btrim(inner, F.lit(_BLANKS))
    return F.when(tidy, text).otherwise(F.when(trimmed != "", trimmed))


def digits_of(text: Column) -> Column:
    """The digits of `text`, and the separators that `joined` put in: no number is made of two fields."""
    return F.regexp_replace(text, f"[^0-9{_BETWEEN}]+", "")


def folded(text: Column) -> Column:
    """`text` in upper case and without accents."""
    letters = "".join(ACCENTS)
    bases = "".join(ACCENTS.values())
    plain = F.regexp_replace(F.translate(text, letters, bases), r"\p{M}", "")
    return F.upper(F.when(is_ascii(text), text).otherwise(plain))


def is_ascii(text: Column) -> Column:
    """True if `text` has no character beyond ASCII."""
    return F.octet_length(text) == F.char_length(text)


def match_key(text: Column) -> Column:
    """The same as `customer_contract.names.match_key`: upper case, no accents, one space between words."""
    return F.trim(F.regexp_replace(folded(text), "[^A-Z0-9]+", " "))


def first_fault(*faults: tuple[Column, str | Column]) -> Column:
    """The code of the first condition that holds, NULL if none does. Later conditions are then not evaluated."""
    (condition, code), *more = faults
    chain = F.when(condition, code)
    for condition, code in more:
        chain = chain.when(condition, code)
    return chain

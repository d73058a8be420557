"""Text as the sources write it, made comparable. Native Spark expressions only."""

from __future__ import annotations

from customer_contract.names import ACCENTS
from pyspark.sql import Column
from pyspark.sql import functions as F

#: Fault of a value that arrives masked: it cannot be checked, and must not be masked again.
ALREADY_MASKED = "ALREADY_MASKED"
#: Blanks of Unicode's that sources leave at the edges of a field.
_BLANKS = " \t\n\r\x0b\x0c\u00a0\u202f\ufeff"


def clean(text: Column) -> Column:
    """`text` without blanks at its edges; NULL if nothing is left."""
    trimmed = F.btrim(text, F.lit(_BLANKS))
    return F.when(trimmed != "", trimmed)


def squeeze(text: Column) -> Column:
    """`text` with each run of blanks made one space."""
    spaced = F.translate(text, _BLANKS, " " * len(_BLANKS))
    return F.when(F.contains(spaced, F.lit("  ")), F.regexp_replace(spaced, " {2,}", " ")).otherwise(spaced)


def match_key(text: Column) -> Column:
    """The same as `customer_contract.names.match_key`: upper case, no accents, one space between words."""
    letters = "".join(ACCENTS)
    bases = "".join(ACCENTS.values())
    plain = F.regexp_replace(F.translate(text, letters, bases), r"\p{M}", "")
    ascii_only = F.octet_length(text) == F.char_length(text)
    upper = F.upper(F.when(ascii_only, text).otherwise(plain))
    return F.trim(F.regexp_replace(upper, "[^A-Z0-9]+", " "))


def first_fault(*faults: tuple[Column, str | Column]) -> Column:
    """The code of the first condition that holds, NULL if none does. Later conditions are then not evaluated."""
    (condition, code), *more = faults
    chain = F.when(condition, code)
    for condition, code in more:
        chain = chain.when(condition, code)
    return chain

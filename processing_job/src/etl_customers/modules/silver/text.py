"""Text as the sources write it, made comparable. Native Spark expressions only."""

from __future__ import annotations

from customer_contract.names import ACCENTS
from pyspark.sql import Column
from pyspark.sql import functions as F

#: Space, no-break spaces and other blanks at the edges of a field.
_EDGE_BLANKS = r"\A[\s\u00a0\u202f\ufeff]+|[\s\u00a0\u202f\ufeff]+\z"


def clean(text: Column) -> Column:
    """`text` without blanks at its edges; NULL if nothing is left."""
    trimmed = F.regexp_replace(text, _EDGE_BLANKS, "")
    return F.when(trimmed != "", trimmed)


def squeeze(text: Column) -> Column:
    """`text` with each run of blanks made one space."""
    return F.regexp_replace(text, r"[\s\u00a0\u202f]+", " ")


def match_key(text: Column) -> Column:
    """The same as `customer_contract.names.match_key`: upper case, no accents, one space between words."""
    letters = "".join(ACCENTS)
    bases = "".join(ACCENTS.values())
    plain = F.regexp_replace(F.translate(text, letters, bases), r"\p{M}", "")
    return F.trim(F.regexp_replace(F.upper(plain), "[^A-Z0-9]+", " "))


def only_digits(text: Column) -> Column:
    """`text` without everything that is not an ASCII digit."""
    return F.regexp_replace(text, "[^0-9]", "")

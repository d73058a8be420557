"""Payment card numbers: length (ISO/IEC 7812), Luhn check digit, mask (PCI DSS 4.0, 3.4.1: last four digits only)."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

_SHOWN = r"\A\*{12}[0-9]{4}\z"
HIDDEN = "*" * 16


def normalise(text: Column) -> Column:
    """`text` without blanks and hyphens."""
    return F.regexp_replace(text, r"[ \-\u00a0]", "")


def faults(digits: Column) -> dict[str, Column]:
    """Rule code -> is it broken. At most one is true for a text."""
    masked = digits.rlike(_SHOWN)
    characters = ~digits.rlike(r"\A[0-9]+\z")
    length = ~F.length(digits).between(12, 19)
    repeated = digits.rlike(r"\A([0-9])\1+\z")  # luhn_check takes sixteen zeros
    return {
        "ALREADY_MASKED": masked,
        "CARD_CHARACTERS": characters & ~masked,
        "CARD_LENGTH": ~characters & length,
        "CARD_REPEATED_DIGIT": ~characters & ~length & repeated,
        "CARD_CHECK_DIGIT": ~characters & ~length & ~repeated & ~F.call_function("luhn_check", digits),
    }


def mask(digits: Column) -> Column:
    """Twelve stars and the last four digits, whatever the length; sixteen stars for anything else."""
    last4 = F.concat(F.lit("*" * 12), F.right(digits, F.lit(4)))
    shown = F.when(digits.rlike(r"\A[0-9]{12,19}\z"), last4).when(digits.rlike(_SHOWN), digits)
    return F.when(digits.isNotNull(), F.coalesce(shown, F.lit(HIDDEN)))

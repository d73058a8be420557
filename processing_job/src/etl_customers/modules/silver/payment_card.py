"""Payment card numbers: length (ISO/IEC 7812), Luhn check digit, mask (PCI DSS 4.0, 3.4.1: last four digits only)."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from etl_customers.modules.silver.text import ALREADY_MASKED, first_fault, is_ascii, without

_SHOWN = r"\A\*{12}[0-9]{4}\z"
HIDDEN = "*" * 16


def normalise(text: Column) -> Column:
    """`text` without blanks and hyphens."""
    return without(text, " -\u00a0")


def fault(digits: Column) -> Column:
    """The rule that `digits` breaks, NULL if none."""
    ascii_only = is_ascii(digits)  # luhn_check takes the digits of any script
    long_enough = F.octet_length(digits).between(12, 19)
    luhn = F.call_function("luhn_check", digits)  # false for anything but digits
    repeated = F.replace(digits, F.left(digits, F.lit(1)), F.lit("")) == ""  # luhn_check takes sixteen zeros
    fits = digits.rlike(r"\A[0-9]{12,19}\z")
    return first_fault(
        (long_enough & ascii_only & luhn & ~repeated, F.lit(None)),
        (fits & repeated, "CARD_REPEATED_DIGIT"),
        (fits, "CARD_CHECK_DIGIT"),
        (digits.rlike(_SHOWN), ALREADY_MASKED),
        (digits.rlike(r"\A[0-9]+\z"), "CARD_LENGTH"),
        (digits.isNotNull(), "CARD_CHARACTERS"),
    )


def mask(digits: Column, broken: Column) -> Column:
    """Twelve stars and the last four digits, whatever the length; sixteen stars for anything that breaks a rule."""
    last4 = F.concat(F.lit("*" * 12), F.right(digits, F.lit(4)))
    shown = F.when(broken.isNull(), last4).when(broken == ALREADY_MASKED, digits).otherwise(F.lit(HIDDEN))
    return F.when(digits.isNotNull(), shown)

"""CPF: digits, check digits, mask. Source: Receita Federal's modulus-11 rule, as in docs/privacy.md.

Only ASCII digits count, and ten numbers of equal digits are refused although their sums are right.
"""

from __future__ import annotations

from functools import reduce
from operator import add

from pyspark.sql import Column
from pyspark.sql import functions as F

_DIGITS = 11
_SEPARATORS = r"[ .\-/\u00a0]"
_REPEATED = r"\A([0-9])\1{10}\z"
_MASKED = r"\A\*{8}[0-9]{3}\z"
HIDDEN = "*" * _DIGITS


def normalise(text: Column, numeric_source: Column) -> Column:
    """`text` without separators; a source whose CPFs went through a number gets its lost leading zeros back."""
    digits = F.regexp_replace(text, _SEPARATORS, "")
    lost_zeros = numeric_source & digits.rlike(r"\A[0-9]{8,10}\z")
    return F.when(lost_zeros, F.lpad(digits, _DIGITS, "0")).otherwise(digits)


def faults(digits: Column) -> dict[str, Column]:
    """Rule code -> is it broken. At most one is true for a text."""
    characters = ~digits.rlike(r"\A[0-9]+\z")
    length = F.length(digits) != _DIGITS
    repeated = digits.rlike(_REPEATED)
    masked = digits.rlike(_MASKED)
    return {
        "ALREADY_MASKED": masked,
        "CPF_CHARACTERS": characters & ~masked,
        "CPF_LENGTH": ~characters & length,
        "CPF_REPEATED_DIGIT": ~characters & ~length & repeated,
        "CPF_CHECK_DIGITS": ~characters & ~length & ~repeated & ~_check_digits_hold(digits),
    }


def is_valid(digits: Column) -> Column:
    """True if no fault is found. Valid digits do not prove that the CPF was ever issued."""
    eleven = digits.rlike(r"\A[0-9]{11}\z") & ~digits.rlike(_REPEATED)
    return F.when(eleven, _check_digits_hold(digits)).otherwise(F.lit(False))


def mask(digits: Column) -> Column:
    """Eight stars and the last three digits; eleven stars for anything that is not a valid CPF."""
    last3 = F.concat(F.lit("*" * 8), F.right(digits, F.lit(3)))
    shown = F.when(is_valid(digits), last3).when(digits.rlike(_MASKED), digits)
    return F.when(digits.isNotNull(), F.coalesce(shown, F.lit(HIDDEN)))


def _check_digits_hold(digits: Column) -> Column:
    number = digits.try_cast("bigint")  # integer arithmetic costs less than half of substrings
    digit = [_digit(number, position) for position in range(_DIGITS)]
    first = _check_digit(digit[:9], 10)
    second = _check_digit(digit[:10], 11)
    return F.coalesce((first == digit[9]) & (second == digit[10]), F.lit(False))


def _digit(number: Column, position: int) -> Column:
    """The digit at `position`, counted from the left."""
    power = 10 ** (_DIGITS - 1 - position)
    return F.call_function("div", number, F.lit(power).cast("bigint")) % 10


def _check_digit(digits: list[Column], weight: int) -> Column:
    total = reduce(add, (digit * (weight - index) for index, digit in enumerate(digits)))
    rest = total % 11
    return F.when(rest < 2, F.lit(0)).otherwise(F.lit(11) - rest)

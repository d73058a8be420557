"""CPF: digits, check digits, mask. Source: Receita Federal's modulus-11 rule, as in docs/privacy.md.

Only ASCII digits count, and ten numbers of equal digits are refused although their sums are right.
"""

from __future__ import annotations

from functools import reduce
from operator import add

from pyspark.sql import Column
from pyspark.sql import functions as F

from etl_customers.modules.silver.text import ALREADY_MASKED, first_fault

_DIGITS = 11
_SEPARATORS = " .-/\u00a0"
_ELEVEN = r"\A[0-9]{11}\z"
_REPEATED = r"\A([0-9])\1{10}\z"
_MASKED = r"\A\*{8}[0-9]{3}\z"
HIDDEN = "*" * _DIGITS


def normalise(text: Column, numeric_source: Column) -> Column:
    """`text` without separators; a source whose CPFs went through a number gets its lost leading zeros back."""
    digits = F.translate(text, _SEPARATORS, "")
    lost_zeros = numeric_source & digits.rlike(r"\A[0-9]{8,10}\z")
    return F.when(lost_zeros, F.lpad(digits, _DIGITS, "0")).otherwise(digits)


def fault(digits: Column) -> Column:
    """The rule that `digits` breaks, NULL if none. Valid digits do not prove that the CPF was ever issued."""
    eleven = digits.rlike(_ELEVEN)
    return first_fault(
        (eleven & digits.rlike(_REPEATED), "CPF_REPEATED_DIGIT"),
        (eleven & ~_check_digits_hold(digits), "CPF_CHECK_DIGITS"),
        (eleven, F.lit(None)),
        (digits.rlike(_MASKED), ALREADY_MASKED),
        (digits.rlike(r"\A[0-9]+\z"), "CPF_LENGTH"),
        (digits.isNotNull(), "CPF_CHARACTERS"),
    )


def mask(digits: Column, broken: Column) -> Column:
    """Eight stars and the last three digits; eleven stars for anything that breaks a rule. `broken`: its `fault`."""
    last3 = F.concat(F.lit("*" * 8), F.right(digits, F.lit(3)))
    shown = F.when(broken.isNull(), last3).when(broken == ALREADY_MASKED, digits).otherwise(F.lit(HIDDEN))
    return F.when(digits.isNotNull(), shown)


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

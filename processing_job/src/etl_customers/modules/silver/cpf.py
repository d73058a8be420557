"""CPF: digits, check digits, mask. Source: Receita Federal's modulus-11 rule, as in docs/privacy.md.

Only ASCII digits count, and ten numbers of equal digits are refused although their sums are right.
"""

from __future__ import annotations

from functools import reduce
from operator import add

from pyspark.sql import Column
from pyspark.sql import functions as F

from etl_customers.modules.silver.text import ALREADY_MASKED, first_fault, without

DIGITS = 11
SEPARATORS = " .-/\u00a0"
_ELEVEN = r"\A[0-9]{11}\z"
_MASKED = r"\A\*{8}[0-9]{3}\z"
HIDDEN = "*" * DIGITS


def normalise(text: Column, numeric_source: Column) -> Column:
    """`text` without separators; a source whose CPFs went through a number gets its lost leading zeros back."""
    digits = without(text, SEPARATORS)
    lost_zeros = numeric_source & digits.rlike(r"\A[0-9]{8,10}\z")
    return F.when(lost_zeros, F.lpad(digits, DIGITS, "0")).otherwise(digits)


def number(digits: Column) -> Column:
    """`digits` as a bigint, NULL unless there are eleven of them: its digits are had without taking text apart."""
    return F.when(digits.rlike(_ELEVEN), digits.try_cast("bigint"))


def fault(digits: Column, number: Column) -> Column:
    """The rule that `digits` breaks, NULL if none. Valid digits do not prove that the CPF was ever issued.

    `number` is that of the digits.
    """
    repeated = number % 11_111_111_111 == 0
    return first_fault(
        (repeated, "CPF_REPEATED_DIGIT"),
        (~_check_digits_hold(number), "CPF_CHECK_DIGITS"),
        (number.isNotNull(), F.lit(None)),
        (digits.rlike(_MASKED), ALREADY_MASKED),
        (digits.rlike(r"\A[0-9]+\z"), "CPF_LENGTH"),
        (digits.isNotNull(), "CPF_CHARACTERS"),
    )


def mask(digits: Column, broken: Column) -> Column:
    """Eight stars and the last three digits; eleven stars for anything that breaks a rule. `broken`: its `fault`."""
    last3 = F.concat(F.lit("*" * 8), F.right(digits, F.lit(3)))
    shown = F.when(broken.isNull(), last3).when(broken == ALREADY_MASKED, digits).otherwise(F.lit(HIDDEN))
    return F.when(digits.isNotNull(), shown)


def _check_digits_hold(number: Column) -> Column:
    """Both check digits in one sum each.

    With v = 11 - r, the weighted sum including the check digit (weight 1) is a multiple of 11; where r < 2 makes v = 0
    the sum leaves r, so 0 or 1.
    """
    first = F.call_function("div", number, F.lit(10).cast("bigint"))
    return _holds(first, DIGITS - 1) & _holds(number, DIGITS)


def _holds(number: Column, length: int) -> Column:
    rest = _weighted_sum(number, length) % 11
    return (rest == 0) | ((rest == 1) & (number % 10 == 0))


def _weighted_sum(number: Column, length: int) -> Column:
    """A sum that leaves the same rest modulo 11 as the digits of `number` times `length`, ..., 2, 1.

    A digit is P(i) - 10 P(i-1), with P(i) the number's first i digits; as -10 is 1 modulo 11, the sum of w(i) d(i) is
    that of (w(i) + w(i+1)) P(i), which takes one division a digit.
    """
    terms = [number]
    for dropped in range(1, length):
        prefix = F.call_function("div", number, F.lit(10**dropped).cast("bigint"))
        terms.append(prefix * (2 * dropped + 1))
    return reduce(add, terms)

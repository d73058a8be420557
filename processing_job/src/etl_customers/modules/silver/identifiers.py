"""Personal identifiers where none should be: a CPF, card number or e-mail address within another column's text.

Two looks: for the sensitive values of the same row, whatever stands between their digits; and, as the proper column may
be empty or hold something else, for what is an identifier by itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from customer_contract import ColumnFormat
from pyspark.sql import Column
from pyspark.sql import functions as F

from etl_customers.modules.silver import cpf, payment_card
from etl_customers.modules.silver.text import all_of, any_of, digits_of
from etl_customers.privacy.identifier_patterns import ADDRESS, ANY_CPF, CARD, LONG_NUMBER, MARKED_CPF

#: A number of fewer digits is not looked for in the other texts of its row.
SHORTEST = 8


def holds_own(text: Column, own: Iterable[tuple[ColumnFormat, Column]]) -> Column:
    """True if `text` contains one of `own`, a row's sensitive values by format: a CPF typed into a name, say."""
    digits = digits_of(text)
    return any_of(F.coalesce(_holds(text, digits, *value), F.lit(False)) for value in own)


def identifiers_in(text: Column) -> Column:
    """What is a CPF, card number or e-mail address within `text` by its shape and check digits: array<string>, NULL
    where nothing looks like one.
    """
    numbers = F.filter(F.concat(_all(text, ANY_CPF), _all(text, CARD)), _is_real)
    return F.when(text.rlike(f"@|{LONG_NUMBER}"), F.concat(numbers, _all(text, ADDRESS)))


def holds_one_of(text: Column, found: Column) -> Column:
    """True if one of the identifiers `found` stands in `text`. `found`: as of `identifiers_in`."""
    return F.exists(found, lambda one: F.contains(text, one))


def is_written_as_one(identifier: Column) -> Column:
    """True for an address, and a CPF with its usual marks; not for bare digits."""
    return F.contains(identifier, F.lit("@")) | identifier.rlike(MARKED_CPF)


def _all(text: Column, pattern: str) -> Column:
    return F.regexp_extract_all(text, F.lit(pattern), F.lit(0))


def _is_real(number: Column) -> Column:
    digits = F.regexp_replace(number, "[^0-9]", "")
    is_cpf = cpf.fault(digits, cpf.number(digits)).isNull()
    return F.when(F.length(digits) == cpf.DIGITS, is_cpf).otherwise(payment_card.fault(digits).isNull())


def _has_its_digits(text: Column, own: Column) -> Column:
    """Whether each of the first digits of `own` is in `text` at all: mostly not, and `text` need not be taken apart."""
    return all_of(F.contains(text, F.substring(own, at, 1)) for at in range(1, SHORTEST + 1))


def _holds(text: Column, digits: Column, format: ColumnFormat, own: Column) -> Column:
    if format in (ColumnFormat.CPF, ColumnFormat.PAYMENT_CARD):
        # a branch, as both sides of an "and" are evaluated if another expression has them too
        return F.when((F.length(own) >= SHORTEST) & _has_its_digits(text, own), F.contains(digits, own))
    if format is not ColumnFormat.EMAIL:
        # A telephone number, say, which the contract masks as a whole. Words alone stand elsewhere by chance: a city in
        # a store's name.
        number = digits_of(own)
        return (F.length(number) >= SHORTEST) & ~number.rlike(r"^(\d)\1*$") & F.contains(digits, number)
    at = F.lit("@")
    return F.contains(text, at) & F.contains(own, at) & (F.length(own) >= 6) & F.contains(F.lower(text), F.lower(own))

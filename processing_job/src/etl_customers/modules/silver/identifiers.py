"""Personal identifiers where none should be: a CPF, card number or e-mail address within another column's text.

Two looks: for the sensitive values of the same row, whatever stands between their digits; and, as the proper column may
be empty or hold something else, for what is an identifier by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

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


def holds_any(text: Column) -> Column:
    """True if `text` contains what is a CPF, card number or e-mail address by its shape and check digits."""
    number = _one_is(text, ANY_CPF, _is_cpf) | _one_is(text, CARD, lambda digits: payment_card.fault(digits).isNull())
    return _holds_address(text) | F.coalesce(F.when(text.rlike(LONG_NUMBER), number), F.lit(False))


def holds_marked(text: Column) -> Column:
    """Likewise in an identifier of the source's own, of which one in a hundred passes for a CPF if it has eleven
    digits: a CPF is taken for one only if it is written as one.
    """
    number = F.when(F.contains(text, F.lit(".")) & text.rlike(MARKED_CPF), _one_is(text, MARKED_CPF, _is_cpf))
    return _holds_address(text) | F.coalesce(number, F.lit(False))


def _holds_address(text: Column) -> Column:
    return F.contains(text, F.lit("@")) & text.rlike(ADDRESS)


def _one_is(text: Column, pattern: str, is_real: Callable[[Column], Column]) -> Column:
    found = F.regexp_extract_all(text, F.lit(pattern), F.lit(0))
    return F.exists(found, lambda match: is_real(F.regexp_replace(match, "[^0-9]", "")))


def _is_cpf(digits: Column) -> Column:
    return cpf.fault(digits, cpf.number(digits)).isNull()


def _has_its_digits(text: Column, own: Column) -> Column:
    """Whether each of the first digits of `own` is in `text` at all: mostly not, and `text` need not be taken apart."""
    return all_of(F.contains(text, F.substring(own, at, 1)) for at in range(1, SHORTEST + 1))


def _holds(text: Column, digits: Column, format: ColumnFormat, own: Column) -> Column:
    if format in (ColumnFormat.CPF, ColumnFormat.PAYMENT_CARD):
        # a branch, as both sides of an "and" are evaluated if another expression has them too
        return F.when((F.length(own) >= SHORTEST) & _has_its_digits(text, own), F.contains(digits, own))
    at = F.lit("@")
    return F.contains(text, at) & F.contains(own, at) & (F.length(own) >= 6) & F.contains(F.lower(text), F.lower(own))

"""Clear identifiers in columns of bronze that are not meant for them, by the rules that silver refuses them by."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from customer_contract import Column, ColumnFormat

from etl_customers.privacy.identifier_patterns import ADDRESS, ANY_CPF, CARD, LONG_NUMBER, MARKED_CPF

_ADDRESS, _ANY_CPF, _MARKED_CPF, _CARD = map(re.compile, (ADDRESS, ANY_CPF, MARKED_CPF, CARD))
_WORTH_A_LOOK = f"@|{LONG_NUMBER}"


def misplaced_values(column: Column, values: pa.Array) -> Iterator[tuple[ColumnFormat, str]]:
    """The identifiers within a column's texts, each with what it is. A source's own ids may hold numbers that pass for
    one: of these only a CPF that is written as one counts.
    """
    is_key = column.format is ColumnFormat.IDENTIFIER
    for text in values.filter(pc.match_substring_regex(values, _WORTH_A_LOOK)).to_pylist():
        yield from ((ColumnFormat.EMAIL, address) for address in _ADDRESS.findall(text))
        found = (_MARKED_CPF if is_key else _ANY_CPF).finditer(text)
        yield from ((ColumnFormat.CPF, match[0]) for match in found if _is_cpf(_digits(match[0])))
        if not is_key:
            cards = (match[0] for match in _CARD.finditer(text))
            yield from ((ColumnFormat.PAYMENT_CARD, card) for card in cards if _is_card(_digits(card)))


def _digits(text: str) -> list[int]:
    return [int(character) for character in text if character.isdecimal()]


def _is_cpf(digits: list[int]) -> bool:
    """Receita Federal's modulus 11 (docs/privacy.md)."""
    rests = (sum(d * (length + 1 - at) for at, d in enumerate(digits[:length])) % 11 for length in (9, 10))
    return len(set(digits)) > 1 and digits[9:] == [0 if rest < 2 else 11 - rest for rest in rests]


def _is_card(digits: list[int]) -> bool:
    """Luhn's check digit (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0

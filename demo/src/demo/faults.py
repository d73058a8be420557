"""Spoils a clean row in one stated way, and says which reasons the job must give for it."""

from __future__ import annotations

import random
from collections.abc import Callable

from demo.people import Customer
from demo.rendering import AMOUNT, CARD, CPF, CUSTOMER_ID, DATE, EMAIL, STORE, Row
from demo.shares import Fault, SourceName

#: What `etl_customers` must say of each fault: rule and column, as its run summary writes them.
REASONS: dict[Fault, tuple[str, ...]] = {
    Fault.CPF_TEN_DIGITS: ("CPF_LENGTH (cpf)",),
    Fault.CPF_EQUAL_DIGITS: ("CPF_REPEATED_DIGIT (cpf)",),
    Fault.CPF_CHECK_DIGITS: ("CPF_CHECK_DIGITS (cpf)",),
    Fault.CPF_MISSING: ("MISSING (cpf)",),
    Fault.CUSTOMER_ID_MISSING: ("MISSING (customer_id)",),
    Fault.EMAIL_INVALID: ("EMAIL_INVALID (email)",),
    Fault.CARD_INVALID: ("CARD_CHECK_DIGIT (credit_card_number)",),
    Fault.AMOUNT_TEXT: ("AMOUNT_INVALID (total_amount)",),
    Fault.AMOUNT_NEGATIVE: ("AMOUNT_BELOW_MINIMUM (total_amount)",),
    Fault.DATE_IMPOSSIBLE: ("DATE_INVALID (purchase_date)",),
    Fault.STORE_UNKNOWN: ("STORE_UNKNOWN (store_location)",),
    Fault.SEVERAL: ("CPF_CHECK_DIGITS (cpf)", "EMAIL_INVALID (email)", "STORE_UNKNOWN (store_location)"),
}
CONFLICT_REASON = "KEY_CONFLICT"

_UNKNOWN_STORES = ("Atlântida - Centro", "Pasárgada", "Loja 99", "Sucupira - Matriz")


def spoil(row: Row, fault: Fault, source: SourceName, who: Customer, rng: random.Random) -> None:
    """Change `row` in place so that it has `fault`."""
    _SPOILERS[fault](row, source, who, rng)


def _ten_digits(row: Row, source: SourceName, who: Customer, rng: random.Random) -> None:
    row[CPF] = who.cpf[:10]


def _equal_digits(row: Row, source: SourceName, who: Customer, rng: random.Random) -> None:
    row[CPF] = str(rng.randrange(10)) * 11


def _check_digits(row: Row, source: SourceName, who: Customer, rng: random.Random) -> None:
    row[CPF] = f"{who.cpf[:10]}{(int(who.cpf[10]) + rng.randrange(1, 10)) % 10}"


def _no_cpf(row: Row, source: SourceName, who: Customer, rng: random.Random) -> None:
    row[CPF] = None


def _no_customer_id(row: Row, source: SourceName, who: Customer, rng: random.Random) -> None:
    row[CUSTOMER_ID] = None


def _email(row: Row, source: SourceName, who: Customer, rng: random.Random) -> None:
    account, domain = who.email.split("@")
    row[EMAIL] = rng.choice((f"{account}.{domain}", f"{account}@@{domain}", f"{account}@-{domain}", f"{account}@"))


def _card(row: Row, source: SourceName, who: Customer, rng: random.Random) -> None:
    row[CARD] = f"{who.card[:-1]}{(int(who.card[-1]) + rng.randrange(1, 10)) % 10}"


def _text_amount(row: Row, source: SourceName, who: Customer, rng: random.Random) -> None:
    row[AMOUNT] = "abc"


def _negative_amount(row: Row, source: SourceName, who: Customer, rng: random.Random) -> None:
    written: dict[SourceName, str | float] = {
        SourceName.DATABASE: "-5.00",
        SourceName.API: -5.0,
        SourceName.CSV: "-R$ 5,00",
    }
    row[AMOUNT] = written[source]


def _impossible_date(row: Row, source: SourceName, who: Customer, rng: random.Random) -> None:
    row[DATE] = "31/02/2026" if source is SourceName.CSV else "2026-02-31"


def _store(row: Row, source: SourceName, who: Customer, rng: random.Random) -> None:
    row[STORE] = rng.choice(_UNKNOWN_STORES)


def _several(row: Row, source: SourceName, who: Customer, rng: random.Random) -> None:
    for spoiler in (_check_digits, _email, _store):
        spoiler(row, source, who, rng)


_Spoiler = Callable[[Row, SourceName, Customer, random.Random], None]
_SPOILERS: dict[Fault, _Spoiler] = {
    Fault.CPF_TEN_DIGITS: _ten_digits,
    Fault.CPF_EQUAL_DIGITS: _equal_digits,
    Fault.CPF_CHECK_DIGITS: _check_digits,
    Fault.CPF_MISSING: _no_cpf,
    Fault.CUSTOMER_ID_MISSING: _no_customer_id,
    Fault.EMAIL_INVALID: _email,
    Fault.CARD_INVALID: _card,
    Fault.AMOUNT_TEXT: _text_amount,
    Fault.AMOUNT_NEGATIVE: _negative_amount,
    Fault.DATE_IMPOSSIBLE: _impossible_date,
    Fault.STORE_UNKNOWN: _store,
    Fault.SEVERAL: _several,
}

"""One purchase as each source writes it: the formats that the contract declares for that source."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from customer_contract import Contract
from customer_contract.names import match_key

from demo.people import Customer
from demo.shares import SourceName

FIRST_DAY = date(2025, 1, 1)
DAYS = 540
#: Purchases are corrected up to this many days later; whole seconds, as CSV files show no more.
UPDATE_DAYS = 20
_SECONDS = 86_400
#: America/Sao_Paulo has been at UTC-3 all year since Decreto 9.772/2019.
SAO_PAULO_OFFSET = -3 * 3600

#: A row in contract order; None is a missing value.
Row = list[str | float | None]
CUSTOMER_ID, CPF, FIRST_NAME, LAST_NAME, EMAIL, CARD, DATE, AMOUNT, PRODUCT, STORE, PURCHASE_ID, UPDATED_AT = range(12)


@dataclass(slots=True)
class Purchase:
    """What was bought; `day` counts from FIRST_DAY, `updated` is in seconds from FIRST_DAY 00:00 UTC."""

    purchase_id: str | None
    customer: Customer
    day: int
    cents: int
    dollars: bool
    product: str
    store: int
    updated: int


class Renderer:
    """Turns purchases into rows; spelling varies at random where the meaning does not.

    Args:
        contract: its stores' names and aliases become the spellings.
        rng: decides spelling only.
    """

    def __init__(self, contract: Contract, rng: random.Random) -> None:
        self._random = rng.random
        self._stores = [_spellings(store.name, store.aliases, store.state) for store in contract.stores]
        days = [FIRST_DAY + timedelta(days=n) for n in range(-1, DAYS + UPDATE_DAYS + 2)]
        self._iso = [day.isoformat() for day in days]
        self._brazilian = [f"{day:%d/%m/%Y}" for day in days]
        self._times = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(_SECONDS)]

    def row(self, source: SourceName, purchase: Purchase) -> Row:
        """`purchase` as `source` delivers it."""
        chance = self._random()
        who = purchase.customer
        spellings = self._stores[purchase.store]
        return [
            who.customer_id,
            format_cpf(who.cpf) if chance < 0.5 else who.cpf,
            who.first_name,
            who.last_name,
            who.email,
            format_card(who.card) if 0.25 < chance < 0.6 else who.card,
            self._brazilian[purchase.day + 1] if source is SourceName.CSV else self._iso[purchase.day + 1],
            amount(source, purchase.cents, purchase.dollars, chance < 0.8),
            purchase.product,
            spellings[int(self._random() * len(spellings))],
            purchase.purchase_id,
            self._instant(source, purchase.updated),
        ]

    def _instant(self, source: SourceName, updated: int) -> str:
        if source is SourceName.CSV:
            day, second = divmod(updated + SAO_PAULO_OFFSET, _SECONDS)
            return f"{self._brazilian[day + 1]} {self._times[second]}"
        day, second = divmod(updated, _SECONDS)
        return f"{self._iso[day + 1]}T{self._times[second]}{'Z' if source is SourceName.API else '+00:00'}"


def amount(source: SourceName, cents: int, dollars: bool, long_form: bool) -> str | float:
    """Money as `source` writes it: numeric text, a JSON number, or `R$ 1.234,56`."""
    whole, fraction = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    if dollars:
        return f"{sign}{'US$ ' if long_form else '$'}{whole}.{fraction:02d}"
    if source is SourceName.API:
        return cents / 100
    if source is SourceName.DATABASE:
        return f"{sign}{whole}.{fraction:02d}"
    grouped = f"{whole:,}".replace(",", ".")
    return f"{sign}{'R$ ' if long_form else ''}{grouped},{fraction:02d}"


def format_cpf(cpf: str) -> str:
    """`52998224725` -> `529.982.247-25`."""
    return f"{cpf[:3]}.{cpf[3:6]}.{cpf[6:9]}-{cpf[9:]}"


def format_card(card: str) -> str:
    """`4111111111111111` -> `4111 1111 1111 1111`."""
    return f"{card[:4]} {card[4:8]} {card[8:12]} {card[12:]}"


def _spellings(name: str, aliases: tuple[str, ...], state: str) -> list[str]:
    """Spellings of one store; the canonical name is the commonest."""
    return [name, name, name, *aliases, match_key(name), name.lower(), f"{aliases[0]}/{state}" if aliases else name]

"""Synthetic Brazilian customers. Nobody real: the domains are reserved (RFC 2606), the cards are test numbers."""

from __future__ import annotations

import random
from dataclasses import dataclass

from customer_contract.names import match_key
from faker import Faker

#: Reserved for examples by RFC 2606, so no message can ever reach a person.
_DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "loja.example.org")
#: Issuer prefixes: Visa, Mastercard, and one of Elo's ranges.
_CARD_PREFIXES = ("4", "51", "55", "636368")
_CARD_DIGITS = 16
_POOL = 400


@dataclass(frozen=True, slots=True)
class Customer:
    """One person; `cpf` and `card` are bare digits."""

    customer_id: str
    cpf: str
    first_name: str
    last_name: str
    email: str
    card: str
    old_email: str | None
    long_last_name: str | None


def with_cpf_check_digits(nine: str) -> str:
    """The CPF whose first nine digits are `nine` (Receita Federal: weighted sums modulo 11)."""
    digits = [int(char) for char in nine]
    for weight in (10, 11):
        rest = sum(digit * (weight - i) for i, digit in enumerate(digits)) % 11
        digits.append(0 if rest < 2 else 11 - rest)
    return "".join(map(str, digits))


def with_luhn_digit(payload: str) -> str:
    """`payload` with the check digit of ISO/IEC 7812-1 appended."""
    total = 0
    for i, char in enumerate(reversed(payload)):
        digit = int(char) * (2 if i % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return f"{payload}{-total % 10}"


def make_customers(count: int, seed: int, shop_elsewhere: float) -> list[Customer]:
    """`count` customers with distinct CPFs and e-mails; the same for the same arguments."""
    fake = Faker("pt_BR")
    fake.seed_instance(seed)
    first_names = [fake.first_name() for _ in range(_POOL)]
    last_names = [fake.last_name() for _ in range(_POOL)]
    rng = random.Random(f"people-{seed}")
    start = rng.randrange(10**9)
    return [
        _customer(number, (start + number * 618_033_989) % 10**9, rng, first_names, last_names, shop_elsewhere)
        for number in range(1, count + 1)
    ]


def _customer(
    number: int, nine: int, rng: random.Random, first_names: list[str], last_names: list[str], shop_elsewhere: float
) -> Customer:
    # 618033989 is coprime to 10^9, so the nine digits never repeat; repdigits are moved to a neighbour's side
    text = f"{nine:09d}"
    if len(set(text)) == 1:
        text = f"{text[:-1]}{(int(text[-1]) + 1) % 10}"
    first, last = rng.choice(first_names), rng.choice(last_names)
    account = f"{match_key(first)}.{match_key(last)}".replace(" ", "").lower()
    prefix = rng.choice(_CARD_PREFIXES)
    body = "".join(rng.choices("0123456789", k=_CARD_DIGITS - 1 - len(prefix)))
    luck = rng.random()
    return Customer(
        customer_id=f"C{number:08d}",
        cpf=with_cpf_check_digits(text),
        first_name=first,
        last_name=last,
        email=f"{account}{number}@{rng.choice(_DOMAINS)}",
        card=with_luhn_digit(prefix + body),
        old_email=f"{account}.antigo{number}@{rng.choice(_DOMAINS)}" if luck < shop_elsewhere else None,
        long_last_name=f"{last} de {rng.choice(last_names)}" if luck > 1 - shop_elsewhere else None,
    )

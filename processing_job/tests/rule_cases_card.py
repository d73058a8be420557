"""Texts of a card column, by kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rule_cases import (
    FOREIGN_MARKS,
    SEED,
    Case,
    Chance,
    changed,
    generate,
    grouped,
    in_script,
    mistyped,
    no_numbers,
    one_more,
    one_removed,
    with_blanks,
)

#: Prefix and length of cards seen in Brazil: Visa, Mastercard, Amex, Diners, Elo, Hipercard, Maestro, JCB, UnionPay.
_BRANDS = "4/16 51/16 2221/16 37/15 36/14 636368/16 606282/16 5018/12 6304/19 3530/16 62/16".split()


def card_cases(examples: Sequence[str | None]) -> list[Case]:
    """`rule_cases.TOTAL` cases, `examples` among them."""
    return generate(_MAKERS, examples, SEED + 1)


def with_luhn_digit(base: str) -> str:
    """`base` with the check digit that Luhn's sum asks for."""
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(base)))
    return base + str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def _valid(chance: Chance) -> str:
    prefix, length = chance.one_of(_BRANDS).split("/")
    return with_luhn_digit(prefix + chance.digits(int(length) - 1 - len(prefix)))


def _sixteen(chance: Chance) -> str:
    return with_luhn_digit("4" + chance.digits(14))


def _long(shortest: int, lengths: int) -> Callable[[Chance], str]:
    return lambda chance: with_luhn_digit(
        str(1 + chance.below(9)) + chance.digits(shortest - 2 + chance.below(lengths))
    )


def _masked(chance: Chance) -> str:
    digits = _sixteen(chance)
    return chance.one_of(("*" * 12 + digits[-4:], digits[:6] + "*" * 6 + digits[-4:], "*" * 16, "X" * 12 + digits[-4:]))


def _as_number(chance: Chance) -> str:
    digits = _sixteen(chance)
    return chance.one_of((digits + ".0", f"{float(digits):.14E}", "+" + digits))


_FOURS = (4, 4, 4, 4)
_MAKERS = {
    "valid, length of its brand": (0, _valid),
    "valid, 4111 1111 1111 1111": (8_000, lambda c: grouped(_sixteen(c), _FOURS, [c.one_of((" ", "-", "\u00a0"))] * 3)),
    "valid, 3782 822463 10005": (2_000, lambda c: grouped(with_luhn_digit("37" + c.digits(12)), (4, 6, 5), "  ")),
    "right sum, 12 to 19 digits, any first digits": (12_000, _long(12, 8)),
    "right sum, 2 to 11 digits": (5_000, _long(2, 10)),
    "right sum, 20 to 24 digits": (3_000, _long(20, 5)),
    "sixteen random digits": (8_000, lambda c: c.digits(16)),
    **mistyped(_valid),
    "one digit missing": (4_000, changed(_valid, one_removed)),
    "one digit too many": (4_000, changed(_valid, one_more)),
    "equal digits": (3_000, lambda c: str(c.below(10)) * (8 + c.below(14))),
    "leading zeros": (1_000, lambda c: with_luhn_digit("00" + c.digits(13))),
    "as a number": (1_500, _as_number),
    "dots or slashes between groups": (1_500, lambda c: grouped(_sixteen(c), _FOURS, [c.one_of("./_,")] * 3)),
    **with_blanks(_valid),
    "dashes and dots that are not ASCII": (
        1_500,
        lambda c: grouped(_sixteen(c), _FOURS, [c.one_of(FOREIGN_MARKS)] * 3),
    ),
    "full-width digits": (1_000, lambda c: in_script(_valid(c), "full-width")),
    "Arabic-Indic digits": (1_000, lambda c: in_script(_valid(c), "Arabic-Indic")),
    "superscript digits": (500, lambda c: in_script(_valid(c), "superscript")),
    **no_numbers(_valid, _masked),
}

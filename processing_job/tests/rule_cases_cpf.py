"""Texts of a CPF column, by kind."""

from __future__ import annotations

from collections.abc import Sequence

from rule_cases import (
    FOREIGN_MARKS,
    RARE_BLANKS,
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

_SIZES = (3, 3, 3, 2)


def cpf_cases(examples: Sequence[str | None]) -> list[Case]:
    """`rule_cases.TOTAL` cases, `examples` among them."""
    return generate(_MAKERS, examples, SEED)


def with_check_digits(base: str) -> str:
    """`base`, nine digits, with the two check digits of modulus 11."""
    for weight in (10, 11):
        rest = sum(int(digit) * (weight - place) for place, digit in enumerate(base)) % 11
        base += str(0 if rest < 2 else 11 - rest)
    return base


def _valid(chance: Chance) -> str:
    return with_check_digits(chance.digits(9))


def _dotted(chance: Chance) -> str:
    return grouped(_valid(chance), _SIZES, "..-")


def _leading_zeros(chance: Chance) -> str:
    zeros = 1 + chance.below(4)
    return with_check_digits("0" * zeros + str(1 + chance.below(9)) + chance.digits(8 - zeros))


def _equal_digits(chance: Chance) -> str:
    digits = str(chance.below(10)) * 11
    return digits if chance.below(2) else grouped(digits, _SIZES, "..-")


def _masked(chance: Chance) -> str:
    digits = _valid(chance)
    shapes = (
        "*" * 8 + digits[-3:],
        f"***.{digits[3:6]}.{digits[6:9]}-**",
        f"{digits[:3]}.***.***-{digits[-2:]}",
        "*" * 11,
    )
    return chance.one_of(shapes)


def _odd_places(chance: Chance) -> str:
    digits, place = _valid(chance), 1 + chance.below(10)
    return digits[:place] + chance.one_of((".", "-", "..", "-.")) + digits[place:]


def _as_number(chance: Chance) -> str:
    digits = _valid(chance)
    return chance.one_of((digits + ".0", f"{float(digits):.10E}", "-" + digits, "+" + digits))


_MAKERS = {
    "valid, eleven digits": (0, _valid),
    "valid, 529.982.247-25": (10_000, _dotted),
    "valid, slash before the check digits": (3_000, lambda c: grouped(_valid(c), _SIZES, "../")),
    "valid, groups apart by space or no-break space": (
        3_000,
        lambda c: grouped(_valid(c), _SIZES, [c.one_of((" ", "\u00a0"))] * 3),
    ),
    "valid, separators in odd places": (1_500, _odd_places),
    "valid, leading zeros": (3_000, _leading_zeros),
    "leading zeros lost": (5_000, lambda c: _leading_zeros(c).lstrip("0")),
    "eleven random digits": (10_000, lambda c: c.digits(11)),
    **mistyped(_valid),
    "ten digits": (4_000, changed(_valid, one_removed)),
    "twelve digits": (4_000, changed(_valid, one_more)),
    "equal digits": (2_000, _equal_digits),
    "US social security number": (1_000, lambda c: grouped(c.digits(9), (3, 2, 4), "--")),
    "as a number": (1_500, _as_number),
    **with_blanks(_valid),
    "tab, line feed or rare blank within": (
        1_500,
        lambda c: grouped(_valid(c), _SIZES, ["", "", c.one_of(("\t", "\n", "\u202f", "\ufeff", *RARE_BLANKS))]),
    ),
    "dashes and dots that are not ASCII": (
        1_500,
        lambda c: grouped(_valid(c), _SIZES, [".", ".", c.one_of(FOREIGN_MARKS)]),
    ),
    "full-width digits": (1_000, lambda c: in_script(_valid(c), "full-width")),
    "mathematical digits": (1_000, lambda c: in_script(_valid(c), "mathematical bold")),
    "Arabic-Indic digits": (1_000, lambda c: in_script(_valid(c), "Arabic-Indic")),
    "Devanagari digits": (1_000, lambda c: in_script(_valid(c), "Devanagari")),
    "superscript digits": (500, lambda c: in_script(_valid(c), "superscript")),
    **no_numbers(_valid, _masked),
}

"""100,000 texts that a CPF column and a card column may hold, by kind; the same at every run and on every Python.

Only `Random.random` is used: it is the one method whose sequence Python promises to keep for a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

TOTAL = 100_000
SEED = 20250331
#: Worked examples that are in many manuals; all that a page may show: a generated CPF may be somebody's.
KNOWN_CPF = "52998224725"
KNOWN_CARD = "4111111111111111"

FOREIGN_DIGITS = {
    "full-width": "０１２３４５６７８９",
    "mathematical bold": "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
    "Arabic-Indic": "٠١٢٣٤٥٦٧٨٩",
    "Devanagari": "०१२३४५६७८९",
    "superscript": "⁰¹²³⁴⁵⁶⁷⁸⁹",
}
COMMON_BLANKS = (" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u202f", "\ufeff")
RARE_BLANKS = ("\u2003", "\u2009", "\u3000", "\u2028", "\x1c", "\x85", "\u200b")
FOREIGN_MARKS = ("\u2013", "\u2014", "\u2212", "\uff0d", "\u00b7", "\u2022", "\uff0e")


@dataclass(frozen=True, slots=True)
class Case:
    """One text, and how it was made."""

    kind: str
    text: str | None


class Chance:
    """Choices from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def below(self, bound: int) -> int:
        """A number from 0 to `bound` - 1."""
        return int(self._random.random() * bound)

    def one_of(self, options: Sequence[str]) -> str:
        """One of `options`."""
        return options[self.below(len(options))]

    def digits(self, count: int) -> str:
        """`count` random digits."""
        return "".join(str(self.below(10)) for _ in range(count))


Maker = Callable[[Chance], str | None]


def generate(makers: dict[str, tuple[int, Maker]], examples: Sequence[str | None], seed: int) -> list[Case]:
    """`TOTAL` cases: the examples, so many of each kind, and the first kind for whatever is left."""
    chance = Chance(seed)
    cases = [Case("examples of this page", text) for text in examples]
    for kind, (count, maker) in makers.items():
        cases += [Case(kind, maker(chance)) for _ in range(count)]
    kind, (_, maker) = next(iter(makers.items()))
    return cases + [Case(kind, maker(chance)) for _ in range(TOTAL - len(cases))]


def one_digit_wrong(digits: str, chance: Chance) -> str:
    """`digits` with one of them changed."""
    place = chance.below(len(digits))
    return digits[:place] + str((int(digits[place]) + 1 + chance.below(9)) % 10) + digits[place + 1 :]


def neighbours_swapped(digits: str, chance: Chance) -> str:
    """`digits` with two neighbours swapped, which may be equal."""
    place = chance.below(len(digits) - 1)
    return digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]


def one_removed(digits: str, chance: Chance) -> str:
    """`digits` without one of them."""
    place = chance.below(len(digits))
    return digits[:place] + digits[place + 1 :]


def one_more(digits: str, chance: Chance) -> str:
    """`digits` with one more somewhere."""
    place = chance.below(len(digits) + 1)
    return digits[:place] + str(chance.below(10)) + digits[place:]


def in_script(digits: str, script: str) -> str:
    """`digits` as another script writes them."""
    return digits.translate(str.maketrans("0123456789", FOREIGN_DIGITS[script]))


def one_in_a_script(digits: str, chance: Chance) -> str:
    """`digits` with one of them from another script."""
    place = chance.below(len(digits))
    foreign = in_script(digits[place], chance.one_of(list(FOREIGN_DIGITS)))
    return digits[:place] + foreign + digits[place + 1 :]


def one_letter(digits: str, chance: Chance) -> str:
    """`digits` with a letter for one of them, a look-alike more often than not."""
    place = chance.below(len(digits))
    return digits[:place] + chance.one_of("OoIlSBxZé") + digits[place + 1 :]


def around(text: str, blanks: Sequence[str], chance: Chance) -> str:
    """`text` with one of `blanks` before it, after it or both."""
    where = chance.below(3)
    return (chance.one_of(blanks) if where else "") + text + (chance.one_of(blanks) if where != 1 else "")


def grouped(digits: str, sizes: Sequence[int], marks: Sequence[str]) -> str:
    """`digits` in groups of `sizes`, with the mark of the same place after each group."""
    text = ""
    for size, mark in zip(sizes, [*marks, ""], strict=True):
        text, digits = text + digits[:size] + mark, digits[size:]
    return text + digits


def nothing(chance: Chance) -> str:
    """Blanks, separators or nothing."""
    return chance.one_of(("", " ", "\t", "\u00a0", "   ", "-", "...-", "/", "--"))


def words(chance: Chance) -> str:
    """What people write who have no number."""
    return chance.one_of(("N/A", "null", "None", "NaN", "isento", "não tem", "CPF 529.982.247-25", "x", "?"))


def changed(valid: Callable[[Chance], str], change: Callable[[str, Chance], str]) -> Maker:
    """Makes valid numbers, each with one change."""
    return lambda chance: change(valid(chance), chance)


def mistyped(valid: Callable[[Chance], str]) -> dict[str, tuple[int, Maker]]:
    """Kinds of any number: as many digits as it should have."""
    return {
        "one digit wrong": (12_000, changed(valid, one_digit_wrong)),
        "two neighbours swapped": (8_000, changed(valid, neighbours_swapped)),
    }


def with_blanks(valid: Callable[[Chance], str]) -> dict[str, tuple[int, Maker]]:
    """Kinds of any number: blanks at its edges."""
    return {
        "common blanks around": (4_000, lambda c: around(valid(c), COMMON_BLANKS, c)),
        "rare blanks around": (1_500, lambda c: around(valid(c), RARE_BLANKS, c)),
    }


def no_numbers(valid: Callable[[Chance], str], masked: Maker) -> dict[str, tuple[int, Maker]]:
    """Kinds of any number: not one any more, or never one."""
    return {
        "one digit of another script": (1_500, changed(valid, one_in_a_script)),
        "one letter": (2_000, changed(valid, one_letter)),
        "masked": (2_000, masked),
        "blank": (1_000, nothing),
        "words": (1_000, words),
        "missing": (500, lambda _: None),
    }

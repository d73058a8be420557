"""How names are compared: without case, accents and punctuation.

Silver does the same with Spark expressions; `ACCENTS` is shared so that the two cannot drift apart.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import product

#: Latin letters with diacritics -> their base letter, for Spark's `translate`, which has no Unicode decomposition.
ACCENTS: dict[str, str] = {
    chr(code): unicodedata.normalize("NFD", chr(code))[0]
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
    if unicodedata.normalize("NFD", chr(code))[0].isascii()
}


def folded(text: str) -> str:
    """`text` in upper case and without accents."""
    without_marks = "".join(ACCENTS.get(char, char) for char in text if not unicodedata.category(char).startswith("M"))
    return without_marks.upper()


def match_key(text: str) -> str:
    """`São Paulo - Paulista` -> `SAO PAULO PAULISTA`: upper case, no accents, one space between words."""
    return re.sub(r"[^A-Z0-9]+", " ", folded(text)).strip()


def abbreviated(key: str, abbreviations: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """`key`, a match key, and all it becomes with any of its words abbreviated; a word that stands alone never is.

    With `{"São": ["S"]}`, `SAO PAULO PAULISTA` gives itself and `S PAULO PAULISTA`. Spark still compares one key for
    equality, since the reference list holds every spelling.
    """
    words = key.split()
    if len(words) < 2:
        return frozenset({key})
    short = {match_key(word): tuple(map(match_key, forms)) for word, forms in abbreviations.items()}
    return frozenset(" ".join(chosen) for chosen in product(*((word, *short.get(word, ())) for word in words)))

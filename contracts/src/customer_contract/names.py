"""How names are compared: without case, accents and punctuation.

Silver does the same with Spark expressions; `ACCENTS` is shared so that the two cannot drift apart.
"""

import re
import unicodedata

#: Latin letters with diacritics -> their base letter, for Spark's `translate`, which has no Unicode decomposition.
ACCENTS: dict[str, str] = {
    chr(code): unicodedata.normalize("NFD", chr(code))[0]
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))
    if unicodedata.normalize("NFD", chr(code))[0].isascii()
}


def match_key(text: str) -> str:
    """`São Paulo - Paulista` -> `SAO PAULO PAULISTA`: upper case, no accents, one space between words."""
    without_marks = "".join(ACCENTS.get(char, char) for char in text if not unicodedata.category(char).startswith("M"))
    return re.sub(r"[^A-Z0-9]+", " ", without_marks.upper()).strip()

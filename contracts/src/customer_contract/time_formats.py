"""How a source writes dates and times: the patterns and the time zones that silver's engine, Spark, can read by.

Source: https://spark.apache.org/docs/4.0.0/sql-ref-datetime-pattern.html; a test of the job holds this to Spark itself.
"""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

#: In the place of a pattern, for times.
ISO_8601 = "ISO_8601"
#: Letter -> how often it may stand in a row.
LENGTHS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys("dhHkKms", (1, 2)),
    **dict.fromkeys("GMLz", (1, 2, 3, 4)),
    **dict.fromkeys("xXZ", (1, 2, 3, 4, 5)),
    **dict.fromkeys("vO", (1, 4)),
    "y": (1, 2, 3, 4, 5, 6),
    "D": (1, 2, 3),
    "S": (1, 2, 3, 4, 5, 6, 7, 8, 9),
    "a": (1,),
    "V": (2,),
}
_MEANINGS = "y is the year, M the month, d the day, H the hour, m the minute, s the second; other words go in 'quotes'"
_QUOTED = re.compile(r"'[^']*'")
_RUN = re.compile(r"([A-Za-z])\1*")
_OFFSET = re.compile(
    r"Z|UT|(UTC|GMT|UT)?[+-]([0-9]|[0-9]:[0-5][0-9]|(0[0-9]|1[0-7])(:[0-9]|(:?[0-5][0-9]){0,2})|18(:?00){0,2})"
)
#: Java's oldest names of zones, which Spark still takes and the IANA database has not.
_SHORT = frozenset(
    "ACT AET AGT ART AST BET BST CAT CNT CST CTT EAT ECT IET IST JST MIT NET NST PLT PNT PRT PST SST VST".split()
)
_SURELY_KNOWN = "Europe/London"


def pattern_fault(pattern: str) -> str | None:
    """Why dates cannot be read by that pattern, and what to write instead; None if they can."""
    bare = _QUOTED.sub(" ", pattern)
    if "'" in bare:
        return "a quote is not closed"
    if set("{}#") & set(bare) or any(bare[:at].count("]") > bare[:at].count("[") for at in range(1, len(bare) + 1)):
        return "what may be missing stands in [ and ], and the signs { } # in 'quotes'"
    for run in _RUN.finditer(bare):
        lengths = LENGTHS.get(run[1])
        if lengths is None:
            return f"the letter {run[1]} cannot be read by: {_MEANINGS}"
        if len(run[0]) not in lengths:
            return f"{run[0]} cannot be read by: of {run[1]} there may be {' or '.join(map(str, lengths))}"
    return _mistaken(set(bare))


def zone_fault(zone: str) -> str | None:
    """Why that is no time zone, and what to write instead; None if it is one, or this machine knows none at all."""
    if _OFFSET.fullmatch(zone) or zone in _SHORT or _is_known(zone) or not _is_known(_SURELY_KNOWN):
        return None
    return "there is no such zone: give its name in the IANA database, as America/Sao_Paulo, or an offset, as -03:00"


def _mistaken(letters: set[str]) -> str | None:
    """What Spark would take in silence, and read as another day than was meant."""
    month = letters & {"M", "L"}
    if "y" not in letters:
        return f"it has no year: {_MEANINGS}"
    if "D" in letters and (month or "d" in letters):
        return "D is the day of the year: write d for that of the month"
    if "m" in letters and not month and "D" not in letters:
        return "m is the minute: write M for the month"
    return None


def _is_known(zone: str) -> bool:
    try:
        return bool(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):  # not there; no name of a file; a directory
        return False

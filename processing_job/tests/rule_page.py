"""docs/rule-comparisons.md, written from what was compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.metadata import version

from rule_cases import SEED, TOTAL
from rule_comparison import Comparison, ours
from rule_libraries import Text, Verdict

HOW_TO_RENEW = (
    "RULE_REPORT=docs/rule-comparisons.md .venv/bin/python -m pytest processing_job/tests/test_rule_comparisons.py"
)
_HEAD = f"""# Our CPF and card rules beside published libraries

Written by `processing_job/tests/test_rule_comparisons.py`, which fails when this page is out of date; do not edit.
To renew it: `{HOW_TO_RENEW}`

Ours are silver's native Spark expressions (`silver/text.py`, `cpf.py`, `payment_card.py`), run over all cases in one
query; the libraries are called in plain Python with the text as received. Each rule has {TOTAL:,} generated texts (seed
{SEED}), of the kinds listed below. A difference that fits no class fails the test. Where only we accept
a text because of how it is written, the test also spells it as the library wants it and sees the library accept it.
Over ASCII texts of eleven digits that are not all equal, and over bare card numbers of 12 to 19 such digits, no library
that sums differs from us.

The rules: [privacy.md](privacy.md). Valid digits do not prove that a number was issued, by any of these judges.
"""


def page(comparisons: Sequence[Comparison]) -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(comparison) for comparison in comparisons)])


def _section(comparison: Comparison) -> str:
    parts = [f"## {comparison.title}", _libraries(comparison), "### Differences", _differences(comparison)]
    return "\n\n".join([*parts, "### Accepted, by kind of text", _kinds(comparison)]) + "\n"


def _libraries(comparison: Comparison) -> str:
    rows = []
    for library in comparison.libraries:
        pairs = Counter(zip(map(ours, comparison.faults), comparison.verdicts[library.call], strict=True))
        agreed = [pairs[verdict, verdict] for verdict in (Verdict.ACCEPTS, Verdict.REFUSES)]
        differ = sum(pairs.values()) - sum(agreed)
        name = f"{library.package} {version(library.package)}"
        rows.append([name, library.license, f"`{library.call}`", *(f"{n:,}" for n in (*agreed, differ))])
    return _table(["library", "license", "called", "both accept", "both refuse", "differ"], "lllrrr", rows)


def _differences(comparison: Comparison) -> str:
    counts, _ = comparison.found
    rows = []
    for difference in comparison.classes:
        we_say = f"refuse: `{difference.our_fault}`" if difference.our_fault else "accept"
        names = [difference.library.package, difference.name, f"{counts[difference]:,}", _shown(difference.example)]
        rows.append([*names, difference.library_says.value, we_say, difference.why])
    return _table(["library", "class", "cases", "example", "it", "we", "why we do"], "llrllll", rows)


def _kinds(comparison: Comparison) -> str:
    cases = Counter(case.kind for case in comparison.cases)
    judges = [[ours(fault) for fault in comparison.faults], *comparison.verdicts.values()]
    accepted = [
        Counter(
            case.kind for case, verdict in zip(comparison.cases, verdicts, strict=True) if verdict is Verdict.ACCEPTS
        )
        for verdicts in judges
    ]
    rows = [[kind, f"{count:,}", *(f"{judge[kind]:,}" for judge in accepted)] for kind, count in cases.items()]
    head = ["kind", "cases", "ours", *(library.package for library in comparison.libraries)]
    return _table(head, "l" + "r" * (len(head) - 1), rows)


def _shown(text: Text) -> str:
    """Blanks and signs that look alike are told by their code."""
    return "NULL" if text is None else f"`{ascii(text)[1:-1]}`"


def _table(head: Sequence[str], align: str, rows: Iterable[Sequence[str]]) -> str:
    marks = ["---:" if side == "r" else "---" for side in align]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, marks, *rows])

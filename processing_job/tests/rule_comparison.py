"""Cases, our verdicts and the libraries' side by side, each difference with its class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rule_cases import Case
from rule_differences import Difference
from rule_libraries import Library, Verdict


@dataclass(frozen=True)
class Unclassified:
    """A difference without a class: what a developer needs to name one. Its text is generated, nobody's."""

    case: Case
    library: str
    library_says: Verdict
    our_fault: str | None


@dataclass(frozen=True)
class Comparison:
    """One rule. `faults` holds our verdict of each case: the rule it breaks, None if we accept it."""

    title: str
    cases: Sequence[Case]
    faults: Sequence[str | None]
    libraries: Sequence[Library]
    classes: Sequence[Difference]

    @cached_property
    def verdicts(self) -> dict[str, list[Verdict]]:
        """Verdicts of each library, by its call, in the order of the cases."""
        return {library.call: [library.verdict(case.text) for case in self.cases] for library in self.libraries}

    @cached_property
    def found(self) -> tuple[Counter[Difference], list[Unclassified]]:
        """Number of differences of each class, and those of none."""
        counts: Counter[Difference] = Counter()
        unclassified = []
        for library in self.libraries:
            for case, fault, verdict in zip(self.cases, self.faults, self.verdicts[library.call], strict=True):
                if verdict is ours(fault):
                    continue
                difference = self.classify(library, case, fault, verdict)
                if difference is None:
                    unclassified.append(Unclassified(case, library.call, verdict, fault))
                else:
                    counts[difference] += 1
        return counts, unclassified

    def classify(self, library: Library, case: Case, fault: str | None, verdict: Verdict) -> Difference | None:
        """The first class that fits the library, both verdicts and the text."""
        for difference in self.classes:
            same = (difference.library, difference.our_fault, difference.library_says) == (library, fault, verdict)
            if same and difference.applies(case.text):
                return difference
        return None


def ours(fault: str | None) -> Verdict:
    """Our verdict in the libraries' terms."""
    return Verdict.ACCEPTS if fault is None else Verdict.REFUSES

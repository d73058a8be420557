"""What was done and seen, counted, so that a reader of the output knows what was proven."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

#: How a killed process had been started, and where it died.
Kill = tuple[str, str, str]


@dataclass
class Tally:
    """Counts over a whole test session; safe to be used by several threads."""

    seed: int = 0
    kills: Counter[Kill] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def killed(self, service: str, how: str, step: str) -> None:
        """A process of `service` died at `step`; `how` is the way in which the moment was chosen."""
        with self._lock:
            self.kills[service, how, step] += 1

    def count(self, what: str, number: int = 1) -> None:
        """Add to a count; `what` is printed as it is."""
        with self._lock:
            self.counts[what] += number

    def not_shown(self, why: str) -> None:
        """Something could not be tried here: said loudly at the end."""
        with self._lock:
            self.missing.append(why)

    def lines(self) -> list[str]:
        """The summary, as Markdown."""
        services = sorted({service for service, _, _ in self.kills})
        made = [f"Seed {self.seed}. SIGKILLs of real service processes: {self.kills.total()}.", ""]
        made += ["| Killed before | " + " | ".join(services) + " |", "|---|" + "---:|" * len(services)]
        for how, step in sorted({(how, step) for _, how, step in self.kills}):
            cells = (str(self.kills[service, how, step] or "") for service in services)
            made.append(f"| {how}: {step} | " + " | ".join(cells) + " |")
        totals = (sum(n for (name, _, _), n in self.kills.items() if name == service) for service in services)
        made += ["| **all** | " + " | ".join(f"**{total}**" for total in totals) + " |", ""]
        made += ["| Seen | Number |", "|---|---:|", *(f"| {what} | {n} |" for what, n in sorted(self.counts.items()))]
        if self.missing:
            made += ["", "**Not shown here:**", "", *(f"- {why}" for why in self.missing)]
        return made


TALLY = Tally()

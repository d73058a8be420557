"""What a dry run left, and what of it nobody may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cdp_dryrun.job import JobResult
from cdp_dryrun.repository import PLANTED
from cdp_dryrun.world import Call, World


@dataclass(frozen=True)
class Ran:
    """What a dry run left."""

    outcome: str
    jobs: dict[str, JobResult]
    calls: list[Call]
    world: World

    def lines(self, *signs: str) -> list[str]:
        """Calls that hold all of the words, as lines."""
        return [call.line for call in self.calls if all(sign in call.line for sign in signs)]

    def summary(self, job: str) -> str:
        """A job's summary."""
        return self.jobs[job].summary

    def leaks(self) -> list[str]:
        """Where a planted secret can be seen; what is said to the runner to be masked is not seen by anybody."""
        seen = {f"call {number}": call.line for number, call in enumerate(self.calls)}
        for name, job in self.jobs.items():
            log = "\n".join(line for line in job.log.splitlines() if not line.startswith("::add-mask::"))
            seen |= {f"log of {name}": log, f"summary of {name}": job.summary, f"outputs of {name}": str(job.outputs)}
        for path in self.world.workspace.rglob("*"):
            if path.is_file() and not path.is_symlink():
                seen[str(path)] = path.read_bytes().decode(errors="replace")
        return [where for where, text in seen.items() if any(value in text for value in PLANTED)]


Dry = Callable[..., Ran]

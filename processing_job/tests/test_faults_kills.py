"""The job as processes: killed at any moment, and two of them at once.

FAULT_ROUNDS: how many times it is killed (1); FAULT_SEED: repeats a session. `make faults` kills it more often.
"""

from __future__ import annotations

import os
import random
import secrets
from collections import Counter

import pytest
from fault_kit import EVERY_VARIANT, JobProcess, RawCopies, Reference, a_moment, content_hash
from fault_page import Seen
from lake_kit import SmallLake

from etl_customers.main import run

ROUNDS = int(os.environ.get("FAULT_ROUNDS") or 1)
SEED = int(os.environ.get("FAULT_SEED") or secrets.randbelow(2**32))
#: Another writer was faster: nothing is lost, run again.
_AGAIN = 75


@pytest.mark.timeout(max(900, 120 * ROUNDS))
def test_killed_at_random_moments(raw: RawCopies, reference: Reference, seen: Seen) -> None:
    print(f"FAULT_SEED={SEED}")
    rng = random.Random(SEED)
    expected = reference.settled
    lake, waiting = raw.lake("killed", []), list(raw.batches)
    killed: Counter[str] = Counter()
    is_large = rng.random() < 0.5
    while killed.total() < ROUNDS:
        if waiting:  # else the run finds what the last kill left, or nothing to do: then it starts anew
            raw.deliver(lake, waiting.pop(0))
        is_large = not is_large
        after = JobProcess(lake, is_large).kill_after(*a_moment(rng, reference.events))
        if after is not None:
            killed[after] += 1
        elif not waiting:
            assert content_hash(lake, settled=True) == expected
            lake, waiting = raw.lake(f"killed-{killed.total()}", []), list(raw.batches)
    for batch in waiting:
        raw.deliver(lake, batch)
    assert run(lake.options()) == 0
    assert lake.job().bronze.read().count() == raw.rows
    assert content_hash(lake, settled=True) == expected
    moments = ", ".join(f"{count} after {event}" for event, count in sorted(killed.items()))
    seen("kill -9 of the job at random moments, then a run", f"{killed.total()} kills ({moments}); same hash")


def test_two_jobs_at_once(raw: RawCopies, reference: Reference, seen: Seen) -> None:
    half = len(raw.batches) // 2 if EVERY_VARIANT else len(raw.batches)
    lake = raw.lake("raced", raw.batches[:half])
    first = _race(lake)
    for batch in raw.batches[half:]:
        raw.deliver(lake, batch)
    then = _race(lake, large=True) if EVERY_VARIANT else ""
    assert lake.job().bronze.read().count() == raw.rows
    assert content_hash(lake, settled=True) == reference.settled
    seen("two jobs at once, first load", f"exit codes {first}; same hash")
    if then:
        seen("two jobs at once, new batches, tables as if large", f"exit codes {then}; same hash")


def _race(lake: SmallLake, large: bool = False) -> str:
    """Two processes start together; one run more, only if one was told to come again. Returns their exit codes."""
    jobs = [JobProcess(lake, large), JobProcess(lake, large)]
    codes = [job.wait() for job in jobs]
    assert set(codes) <= {0, _AGAIN}, "\n".join([str(codes), *jobs[0].errors, *jobs[1].errors])
    if _AGAIN in codes:
        codes.append(run(lake.options()))
        assert codes[-1] == 0
    return ", ".join(map(str, codes))

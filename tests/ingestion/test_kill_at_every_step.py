"""A service process is killed before each single step of a run; the run after it leaves raw exact."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from ingestion_proofs import audit
from ingestion_proofs.processes import Served, ingest, serving
from ingestion_proofs.tally import TALLY
from ingestion_proofs.worlds import World

SOURCES = ("database", "api", "csv")
_ROWS = 360


@pytest.mark.parametrize("source", SOURCES)
def test_dying_before_any_step_loses_and_doubles_nothing(source: str, world: Callable[[str], World]) -> None:
    first = world(source)
    first.add(_ROWS)
    whole = ingest(first.setup(), first.work, kill_at="0")
    assert whole.code in (0, 3), whole.err
    assert first.verify() == _ROWS
    assert any("rename staging directory to published batch" in step for step in whole.steps)

    faults: list[str] = []

    def kill_at_each(share: int, mine: World) -> None:
        with serving(mine.setup(), mine.work) as service:
            for number in range(share + 1, len(whole.steps) + 1, workers):
                try:
                    _kill_and_repair(mine, service, number)
                except AssertionError as fault:  # go on: all places where it goes wrong are worth knowing
                    faults.append(f"killed before step {number}, {whole.steps[number - 1]}: {fault}")

    workers = max(2, os.cpu_count() or 1)
    worlds = [world(source) for _ in range(workers)]
    for each in worlds:
        each.add(_ROWS)
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(kill_at_each, range(workers), worlds))
    assert not faults, "\n".join(faults)


def _kill_and_repair(world: World, service: Served, number: int) -> None:
    world.reset()
    died = ingest(world.setup(), world.work, kill_at=str(number))
    # not the same steps in the same order: the API's pages are fetched by a thread of their own
    assert died.killed and len(died.steps) == number, (number, died.code, died.steps[-1:], died.err)
    TALLY.killed(world.source, "step", died.steps[-1])
    before = audit.Watch(world.raw, world.source)
    published = before.settle()  # nothing half-done is visible
    left = audit.age_staging(world.raw, 3600)
    view = service.ingest()
    assert view["status"] == "succeeded", view
    TALLY.count("rows compared", world.verify())
    before.settle()  # what had been published is as it was
    TALLY.count("runs that repaired what a kill had left")
    TALLY.count("staging directories swept", left)
    TALLY.count("batches published before a kill, unchanged after the repair", len(published))

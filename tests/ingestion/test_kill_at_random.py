"""A service process is killed from outside at a moment that nobody chose; a new process leaves raw exact."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

from ingestion_proofs import audit
from ingestion_proofs.processes import Ended, Running, ingest, serving, start
from ingestion_proofs.tally import TALLY
from ingestion_proofs.worlds import World

SOURCES = ("database", "api", "csv")
_ROWS = 1080
#: After so many rounds a new world is begun, so that many rounds do not compare ever more rows.
_FRESH = 20
#: Every so many rounds the process that is killed is one that serves and was sent a POST.
_SERVED = 3


def test_dying_at_any_moment_loses_and_doubles_nothing(world: Callable[[str], World], rounds: int) -> None:
    # side by side, to use all cores
    with ThreadPoolExecutor(len(SOURCES)) as pool:
        done = [pool.submit(_kill_and_repair, source, world, -(-rounds // len(SOURCES))) for source in SOURCES]
    for each in done:
        each.result()


def _kill_and_repair(source: str, world: Callable[[str], World], rounds: int) -> None:
    rng = random.Random(f"{TALLY.seed} random moments {source}")
    killed = 0
    for number in range(rounds):
        if number % _FRESH == 0:
            mine = world(source)
            mine.add(_ROWS)
            seconds = _seconds(ingest(mine.setup(), mine.work))
            watch = audit.Watch(mine.raw, source)
        mine.add(_ROWS)
        with audit.watching(watch), _begun(mine, served=number % _SERVED == _SERVED - 1) as running:
            time.sleep(rng.uniform(0, seconds))
            died = running.kill()
        watch.settle()  # nothing half-done is visible, and nothing published has changed
        if died.killed:
            killed += 1
            _count(source, died)
        TALLY.count("staging directories swept", audit.age_staging(mine.raw, 3600))
        seconds = max(_seconds(ingest(mine.setup(), mine.work)), 0.05)
        TALLY.count("rows compared", mine.verify())
        watch.settle()
        TALLY.count("looks at raw while services were killed or raced", watch.take_looks())
    assert killed >= rounds / 2, "most processes ended before they were killed: little was tried"


def _count(source: str, died: Ended) -> None:
    how = "random moment, serve" if '"serving"' in died.err else "random moment, ingest"
    batches = len(died.events("batch_published"))
    TALLY.killed(source, how, f"batch {batches + 1} of its run" if batches < 3 else "a later batch of its run")
    TALLY.count("runs that repaired what a kill had left")


@contextmanager
def _begun(world: World, *, served: bool) -> Iterator[Running]:
    """A process whose run has just started."""
    if served:
        with serving(world.setup(), world.work) as service:
            service.post()
            assert service.running.wait_for('"run_started"')
            yield service.running
    else:
        running = start(world.setup(), world.work, "ingest")
        assert running.wait_for('"run_started"')
        yield running


def _seconds(ended: Ended) -> float:
    """How long a run took."""
    assert ended.code in (0, 3), ended.err
    run = ended.run
    return (datetime.fromisoformat(run["finished_at"]) - datetime.fromisoformat(run["started_at"])).total_seconds()

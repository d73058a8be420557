"""Two replicas on one source at the same moment, one of them killed in some rounds: no row twice, none lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from ingestion_proofs import audit
from ingestion_proofs.processes import Ended, ingest, start
from ingestion_proofs.tally import TALLY
from ingestion_proofs.worlds import World

_ROWS = 540
#: Where the two wait for each other: both have planned the same batch; both have it staged and are about to publish.
#: Or nowhere.
_MEETINGS = ("mkdir staging directory", "rename staging directory", "")
#: All went in (3: and a row of a file was set aside), or the other replica was always faster.
_DOCUMENTED = (0, 3, 75)
#: After so many rounds a new world is begun, so that many rounds do not compare ever more rows.
_FRESH = 20
#: Every so many rounds one of the two is killed.
_DEADLY = 4


@pytest.mark.parametrize("source", ["database", "api", "csv"])
def test_two_replicas_at_once_take_each_row_once(
    source: str, world: Callable[[str], World], rng: random.Random, rounds: int, tmp_path: Path
) -> None:
    for number in range(-(-rounds // 3)):
        if number % _FRESH == 0:
            mine = world(source)
            watch = audit.Watch(mine.raw, source)
        mine.add(_ROWS)
        meeting = tmp_path / f"meeting-{number}"
        meeting.mkdir()
        barrier = f"{_MEETINGS[number % len(_MEETINGS)] or 'none'}:{meeting}"
        fatal = rng.randrange(10, 40) if number % _DEADLY == _DEADLY - 1 else 0
        with audit.watching(watch):
            first = start(mine.setup(), mine.work, "ingest", barrier=barrier, kill_at=str(fatal))
            second = start(mine.setup(), mine.work, "ingest", barrier=barrier)
            ended = first.end(), second.end()
        watch.settle()
        _judge(mine, ended)
        TALLY.count(f"races of two replicas, {source}")
        TALLY.count("looks at raw while services were killed or raced", watch.take_looks())


def _judge(world: World, ended: tuple[Ended, Ended]) -> None:
    for each in ended:
        assert each.killed or each.code in _DOCUMENTED, each.err
        TALLY.count("races: batches that another replica had published first", len(each.events("batch_conflict")))
        TALLY.count("races: batches that another replica had published first", len(each.events("batch_skipped")))
    if ended[0].killed:
        TALLY.killed(world.source, "one of two replicas", ended[0].steps[-1])
        TALLY.count("runs that repaired what a kill had left")
        TALLY.count("staging directories swept", audit.age_staging(world.raw, 3600))
        assert ingest(world.setup(), world.work).code in (0, 3)
    else:
        assert any(each.code in (0, 3) for each in ended), "both gave up"
    TALLY.count("rows compared", world.verify())

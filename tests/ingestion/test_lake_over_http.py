"""Raw in ADLS Gen2: replies get lost, the lake goes away, processes die between two calls. Raw is exact all the same.

The service is the real process with the true SDK; the lake is the kernel's test server, the network between them ours.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ingestion_proofs import audit
from ingestion_proofs.dfs_lake import DfsLake, dfs_lake
from ingestion_proofs.gate import Plan
from ingestion_proofs.processes import ingest, lake_failed_cleanly
from ingestion_proofs.tally import TALLY
from ingestion_proofs.worlds import World

SOURCES = ("database", "api", "csv")
_ROWS = 360
MakeWorld = Callable[[str], World]


@pytest.mark.parametrize(("source", "retry_says"), [("database", 409), ("api", 404), ("csv", 409), ("csv", 404)])
def test_a_lost_reply_to_the_rename_is_known_as_success(
    source: str, retry_says: int, world: MakeWorld, dfs_lake: DfsLake, tmp_path: Path
) -> None:
    dfs_lake.server.account.rename_looks_at_source_first = retry_says == 404
    mine, plan = world(source), Plan(lose_replies=True)
    mine.add(_ROWS)
    with dfs_lake.through(plan) as url:
        mine.into(url, **dfs_lake.settings)
        ended = ingest(mine.setup(), mine.work)
    assert ended.code in (0, 3), ended.err
    raw = dfs_lake.copy(tmp_path / "copy")
    TALLY.count("rows compared", mine.verify(raw))
    published = [batch.manifest["key"] for batch in audit.batches(raw, source)]
    assert plan.lost == len(published) >= 2, "the replies did not get lost"
    assert sorted(ended.run["batches"]) == published, "a batch is in raw, but the run does not know it for its own"
    assert not ended.events("batch_conflict") and not ended.run["duplicates"]
    TALLY.count(f"lost replies to a rename, known as success (the retry says {retry_says})", plan.lost)


def test_a_lake_that_is_away_for_a_while_fails_the_run_and_its_return_repairs_it(
    world: MakeWorld, tmp_path: Path
) -> None:
    # side by side, since each service spends its time on retries
    with ThreadPoolExecutor(len(SOURCES)) as pool:
        done = [pool.submit(_go_away_and_return, world(source), tmp_path / source) for source in SOURCES]
    for each in done:
        each.result()


def _go_away_and_return(mine: World, copies: Path) -> None:
    mine.add(_ROWS)
    plan = Plan(cut_after=1)
    with dfs_lake() as lake, lake.through(plan) as url:
        mine.into(url, **lake.settings)
        lake_failed_cleanly(ingest(mine.setup(), mine.work))
        before = audit.batches(lake.copy(copies / "before"), mine.source)
        assert len(before) == 1, "one batch had been published when the lake went away"
        plan.cut_after, plan.cut = None, False
        ended = ingest(mine.setup(), mine.work)
        assert ended.code in (0, 3), ended.err
        after = lake.copy(copies / "after")
    TALLY.count("rows compared", mine.verify(after))
    kept = {batch.name: batch.digest for batch in audit.batches(after, mine.source)}
    assert kept[before[0].name] == before[0].digest
    TALLY.count("clean failures, and repaired by the next run: lake unreachable")


@pytest.mark.parametrize("source", SOURCES)
def test_dying_between_two_calls_to_the_lake_loses_and_doubles_nothing(
    source: str, world: MakeWorld, rng: random.Random, rounds: int, dfs_lake: DfsLake, tmp_path: Path
) -> None:
    mine = world(source)
    mine.into(dfs_lake.server.url, **dfs_lake.settings)
    mine.add(_ROWS)
    whole = ingest(mine.setup(), mine.work, only="send")
    assert whole.code in (0, 3), whole.err
    for number in range(-(-rounds // 15)):
        mine.add(_ROWS)
        # a run finds the folders that the first one had to make, so it has fewer calls
        died = ingest(mine.setup(), mine.work, only="send", kill_at=str(rng.randint(1, len(whole.steps) - 6)))
        assert died.killed, died.err
        TALLY.killed(source, "lake over HTTP", died.steps[-1])
        published = audit.batches(dfs_lake.copy(tmp_path / f"died-{number}"), source)
        ended = ingest(mine.setup(), mine.work)
        assert ended.code in (0, 3), ended.err
        raw = dfs_lake.copy(tmp_path / f"repaired-{number}")
        TALLY.count("rows compared", mine.verify(raw))
        kept = {batch.name: batch.digest for batch in audit.batches(raw, source)}
        assert {batch.name: batch.digest for batch in published}.items() <= kept.items()
        TALLY.count("runs that repaired what a kill had left")

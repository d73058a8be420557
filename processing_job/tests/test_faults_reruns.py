"""Same bytes, same tables: however the batches arrive, however often the job runs over them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from fault_kit import RawCopies, Reference, content_hash
from fault_page import Seen
from lake_kit import SmallLake, record


def test_one_run_gives_each_fate(raw: RawCopies, reference: Reference, seen: Seen) -> None:
    counts = reference.counts
    assert counts["read"] == raw.rows == sum(number for outcome, number in counts.items() if outcome != "read")
    assert min(counts.values()) > 0, "the histories must hold a row of each fate"
    told = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
    seen("one run over all batches", f"{told}; hash {content_hash(reference.lake)[:12]}")


def test_a_second_run_changes_nothing(reference: Reference, seen: Seen) -> None:
    versions = reference.lake.versions()
    assert reference.lake.run().counts.totals()["read"] == 0
    assert reference.lake.versions() == versions
    seen("a second run", f"{len(versions)} tables, no new version")


def test_batches_in_any_order(raw: RawCopies, reference: Reference, seen: Seen) -> None:
    lake = raw.lake("reversed", [])
    last_first = raw.batches[::-1]
    for at in range(0, len(last_first), 2):
        for batch in last_first[at : at + 2]:
            raw.deliver(lake, batch)
        lake.run()
    assert content_hash(lake, settled=True) == reference.settled
    seen("batches in reverse order, two a run", f"{len(raw.batches)} batches, same hash")


def test_every_batch_twice(raw: RawCopies, reference: Reference, seen: Seen) -> None:
    lake = raw.lake("twice")
    lake.run()
    for number, batch in enumerate(raw.batches):
        raw.deliver(lake, batch, key=f"{1000 + number:020d}")
    counts = lake.run().counts.totals()
    assert (counts["read"], counts["written"]) == (raw.rows, 0)
    assert content_hash(lake, settled=True) == reference.settled
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("written", "duplicate", "stale", "quarantined"))
    seen("every batch delivered twice, under another key", f"second delivery: {told}; same hash")


def test_without_checkpoints_and_with_corrupt_ones(raw: RawCopies, reference: Reference, seen: Seen) -> None:
    """Those of the streams are deleted; what points to those of Delta's log is garbage."""
    *first, last = raw.batches
    lake = raw.lake("forgetful", first)
    lake.run()
    shutil.rmtree(lake.root / "bronze" / "_checkpoints")
    for table in ("bronze/customers", "silver/purchases", "gold/store_monthly_metrics"):
        path = Path(lake.root, table, "_delta_log", "_last_checkpoint")
        assert path.parent.is_dir()
        path.write_text('{"version": 9', encoding="utf-8")
    raw.deliver(lake, last)
    lake.run()
    assert lake.job().bronze.read().count() == raw.rows
    assert content_hash(lake, settled=True) == reference.settled
    seen("checkpoints deleted together with new batches", f"{raw.rows} rows in bronze, same hash")
    seen("garbage in _last_checkpoint", "in bronze, silver and gold: same hash")
    versions = lake.versions()
    shutil.rmtree(lake.root / "bronze" / "_checkpoints")
    lake.run()
    assert lake.versions() == versions
    seen("checkpoints deleted, then a run", "no new version of any table")


def test_one_poison_line(lake: SmallLake, seen: Seen) -> None:
    rows = [json.dumps(record(number)) for number in range(5000)]
    rows[2500] = rows[2500][:50]
    lake.put_text("database", "\n".join(rows) + "\n", len(rows))
    counts = lake.run().counts.totals()
    (poison,) = lake.job().quarantine.read().collect()
    assert (counts["written"], counts["quarantined"]) == (4999, 1)
    assert poison["_errors"][0]["rule"] == "CORRUPT_RECORD"
    seen("one unreadable line among 5,000", "1 quarantined as CORRUPT_RECORD, 4,999 written")


def test_many_small_files(lake: SmallLake, seen: Seen) -> None:
    for number in range(2000):
        lake.put("api", record(number))
    counts = lake.run().counts.totals()
    versions = lake.job().bronze.version()
    assert counts["written"] == 2000 and versions <= 2
    seen("2,000 files of one row", f"{versions} versions of bronze, 2,000 rows written")


def test_killed_before_the_first_commit_of_each_table(raw: RawCopies, reference: Reference, seen: Seen) -> None:
    lake = raw.lake("begun")
    logs = [log.relative_to(reference.lake.root) for log in reference.lake.root.rglob("_delta_log")]
    for log in logs:
        (lake.root / log).mkdir(parents=True)
    lake.run()
    assert content_hash(lake) == content_hash(reference.lake)
    seen("killed between the log's directory and its first commit", f"{len(logs)} tables begun so, same hash")

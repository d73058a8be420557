"""The use case, with doubles at its ports."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from kernel_fakes import FakeBatch, FakeSource, MemoryLake, RecordingTelemetry, TickingClock, numbered

from ingestion_kernel.application.helpers.batch_writer import PartLimits
from ingestion_kernel.application.helpers.interruption import (
    Interruption,
    count_retry,
    pause,
    pause_before_retry,
)
from ingestion_kernel.application.services.ingest import IngestionService, IngestionSetup, new_run
from ingestion_kernel.domain.batch import BatchKey, Extraction, Mode, RawFormat, Watermark
from ingestion_kernel.domain.exceptions import (
    InputRejected,
    RunCancelled,
    RunInterrupted,
    SourceThrottled,
    SourceUnavailable,
)
from ingestion_kernel.domain.manifest import Manifest
from ingestion_kernel.domain.ports.source import Outcome
from ingestion_kernel.domain.run import Run, RunStatus

SETUP = IngestionSetup("customers", "1.0.0", "test 1", PartLimits(), staging_max_age_seconds=3600)


class Bench:
    """A service on doubles."""

    def __init__(self, plan: Callable[[Mode, Watermark | None], list[FakeBatch]], **source: int) -> None:
        self.source = FakeSource(plan, **source)
        self.lake = MemoryLake()
        self.telemetry = RecordingTelemetry()
        self.clock = TickingClock()
        self.service = IngestionService(self.source, self.lake, self.clock, self.telemetry, SETUP)

    def run(self, mode: Mode = Mode.INCREMENTAL, interruption: Interruption | None = None) -> Run:
        run = new_run("run-1", "fake", mode, self.clock)
        self.service.execute(run, interruption)
        assert run.ended and run.started_at and run.finished_at and run.started_at < run.finished_at
        assert run.rows_read == run.rows_written + run.rows_rejected
        assert self.source.open == 0, "the source was left open"
        assert all(staged.discarded for staged in self.lake.staged), "staging was left"
        return run


def of(*batches: FakeBatch) -> Callable[[Mode, Watermark | None], list[FakeBatch]]:
    return lambda mode, watermark: list(batches)


def test_batches_of_a_cursored_source_are_numbered_and_carry_its_watermark() -> None:
    batches = [numbered(1, 3), numbered(4, 5)]
    bench = Bench(of(*batches))
    run = bench.run()
    assert (run.status, run.exit_code, run.error) == (RunStatus.SUCCEEDED, 0, None)
    assert run.batches == [BatchKey.sequence(1).text, BatchKey.sequence(2).text]
    manifest, parts = bench.lake.published[BatchKey.sequence(2).text]
    assert manifest.watermark == {"n": 5}
    assert parts == {"part-00000.jsonl": b'{"n": "4"}\n{"n": "5"}\n'}
    assert manifest.parts[0].sha256 == hashlib.sha256(parts["part-00000.jsonl"]).hexdigest()
    assert [batch.outcomes for batch in batches] == [[Outcome.PUBLISHED]] * 2
    assert bench.telemetry.events[-1] == ("ended", None)
    assert bench.lake.swept == [3600]


def test_the_next_run_starts_at_the_newest_watermark_and_number() -> None:
    seen: list[Watermark | None] = []

    def plan(mode: Mode, watermark: Watermark | None) -> list[FakeBatch]:
        seen.append(watermark)
        return [numbered(1, 2)]

    bench = Bench(plan)
    bench.run()
    assert bench.run().batches == [BatchKey.sequence(2).text]
    assert seen == [None, {"n": 2}]


def test_a_source_with_nothing_new_publishes_nothing() -> None:
    batch = FakeBatch([], Extraction(watermark={"n": 0}))
    bench = Bench(of(batch))
    assert bench.run().batches == []
    assert batch.outcomes == [Outcome.EMPTY]
    assert bench.lake.published == {}


def test_a_header_alone_is_published_when_the_source_says_so() -> None:
    batch = FakeBatch([], Extraction(publish_if_empty=True), format=RawFormat.CSV, header=b"a,b\n")
    bench = Bench(of(batch))
    bench.run()
    manifest, parts = bench.lake.published[BatchKey.sequence(1).text]
    assert parts == {"part-00000.csv": b"a,b\n"}
    assert manifest.rows_written == 0 and manifest.size == 4
    written = json.loads(json.dumps(manifest.to_dict()))
    assert written["columns"] == ["a", "b"] and Manifest.from_dict(written) == manifest
    assert Manifest.from_dict({k: v for k, v in written.items() if k != "columns"}) == replace(manifest, columns=())


def test_content_known_beforehand_is_not_read_twice() -> None:
    key = BatchKey.content("a" * 64)
    first, again = FakeBatch([b"1\n"], key=key), FakeBatch([b"1\n"], key=key, fault=AssertionError("was read"))
    bench = Bench(of(first, again))
    run = bench.run()
    assert (run.status, run.duplicates, run.batches) == (RunStatus.SUCCEEDED, 1, [key.text])
    assert again.outcomes == [Outcome.DUPLICATE]
    assert ("skipped", key.text) in bench.telemetry.events


def test_content_known_only_afterwards_is_published_once() -> None:
    batches = [FakeBatch([b"1\n", b"2\n"], Extraction(content_addressed=True)) for _ in range(2)]
    bench = Bench(of(*batches))
    run = bench.run()
    assert run.batches == [hashlib.sha256(b"1\n2\n").hexdigest()]
    assert (run.duplicates, run.rows_read) == (1, 2)


def test_content_that_another_replica_publishes_meanwhile_is_a_duplicate() -> None:
    key = BatchKey.content("a" * 64)
    batch = FakeBatch([b"1\n"], key=key)
    bench = Bench(of(batch))
    other = Bench(of(FakeBatch([b"1\n"], key=key)))
    other.run()
    bench.lake.before_publish = lambda: bench.lake.published.update(other.lake.published)
    run = bench.run()
    assert (run.status, run.duplicates, batch.outcomes) == (RunStatus.SUCCEEDED, 1, [Outcome.DUPLICATE])


def test_a_run_that_lost_the_race_plans_anew_from_the_winners_watermark() -> None:
    def plan(mode: Mode, watermark: Watermark | None) -> list[FakeBatch]:
        done = watermark["n"] if watermark else 0
        return [numbered(done + 1, 4)] if done < 4 else []

    bench = Bench(plan)
    winner = Bench(of(numbered(1, 2)))
    winner.run()
    bench.lake.before_publish = lambda: bench.lake.published.update(
        {key: value for key, value in winner.lake.published.items() if key not in bench.lake.published}
    )
    run = bench.run()
    assert run.batches == [BatchKey.sequence(2).text]
    assert bench.lake.published[BatchKey.sequence(2).text][1] == {"part-00000.jsonl": b'{"n": "3"}\n{"n": "4"}\n'}
    assert ("conflict", BatchKey.sequence(1).text) in bench.telemetry.events
    assert run.rows_read == 2, "rows of the lost attempt are not counted"


def test_a_run_that_always_loses_gives_up() -> None:
    bench = Bench(of(numbered(1, 2)))

    def another_wins() -> None:
        number = len(bench.lake.published) + 1
        manifest = replace(template, key=BatchKey.sequence(number).text)
        bench.lake.published[manifest.key] = (manifest, {})

    other = Bench(of(numbered(1, 2)))
    other.run()
    template = other.lake.published[BatchKey.sequence(1).text][0]
    bench.lake.before_publish = another_wins
    run = bench.run()
    assert run.error and run.error.code == "INGESTION_CONFLICT"
    assert (run.status, run.exit_code) == (RunStatus.FAILED, 75)


def test_a_run_that_takes_turns_with_another_does_not_give_up() -> None:
    turns = 12

    def plan(mode: Mode, watermark: Watermark | None) -> list[FakeBatch]:
        done = watermark["n"] if watermark else 0
        return [numbered(n, n) for n in range(done + 1, 2 * turns + 1)]

    bench = Bench(plan)
    other = Bench(plan)
    other.run()

    def every_second_one_is_the_others() -> None:
        number = len(bench.lake.published) + 1
        if number % 2 == 0:
            key = BatchKey.sequence(number).text
            bench.lake.published[key] = other.lake.published[key]

    bench.lake.before_publish = every_second_one_is_the_others
    run = bench.run()
    assert run.status is RunStatus.SUCCEEDED
    assert run.batches == [BatchKey.sequence(number).text for number in range(1, 2 * turns, 2)]


def test_a_fault_keeps_what_was_published_before_it() -> None:
    bench = Bench(of(numbered(1, 2), replace(numbered(3, 4), fault=SourceUnavailable("gone")), numbered(5, 6)))
    run = bench.run()
    assert run.error and (run.error.code, run.error.message) == ("SOURCE_UNAVAILABLE", "gone")
    assert (run.status, run.exit_code) == (RunStatus.FAILED, 69)
    assert list(bench.lake.published) == [BatchKey.sequence(1).text]
    assert run.rows_read == 2


def test_a_throttled_run_says_when_to_come_back() -> None:
    fault = SourceThrottled("asks to wait", next_allowed_at="2025-01-01T01:00:00+00:00")
    run = Bench(of(replace(numbered(1, 1), fault=fault))).run()
    assert run.error and run.error.next_allowed_at == "2025-01-01T01:00:00+00:00"


def test_an_unforeseen_fault_is_told_by_its_type_alone() -> None:
    run = Bench(of(replace(numbered(1, 1), fault=ValueError("cpf 52998224725")))).run()
    assert run.error and run.error.message == "unforeseen ValueError"
    assert "52998224725" not in repr(run)


def test_an_input_that_is_rejected_does_not_stop_the_others() -> None:
    rejected = replace(numbered(1, 2), fault=InputRejected("not CSV"))
    bench = Bench(of(rejected, numbered(3, 4)), rejected_inputs=1)
    run = bench.run()
    assert (run.status, run.inputs_rejected, run.rows_written) == (RunStatus.SUCCEEDED, 1, 2)
    assert run.has_rejects and rejected.outcomes == []


def test_rejected_rows_are_in_the_manifest_and_the_run() -> None:
    bench = Bench(of(FakeBatch([b"1\n"], Extraction(rows_rejected=4))))
    run = bench.run()
    manifest = bench.lake.published[BatchKey.sequence(1).text][0]
    assert (manifest.rows_read, manifest.rows_written, manifest.rows_rejected) == (5, 1, 4)
    assert (run.rows_read, run.rows_rejected, run.has_rejects) == (5, 4, True)


def test_a_mode_that_the_source_lacks_is_refused() -> None:
    bench = Bench(of(numbered(1, 1)))
    bench.source.modes = frozenset({Mode.FULL})
    run = bench.run(Mode.INCREMENTAL)
    assert run.error and run.error.code == "MODE_NOT_SUPPORTED"


def test_a_stop_takes_effect_between_two_batches() -> None:
    asked = Interruption()
    bench = Bench(of(numbered(1, 2, before=asked.stop_after_batch), numbered(3, 4)))
    run = bench.run(interruption=asked)
    assert run.error and run.error.code == "RUN_INTERRUPTED"
    assert list(bench.lake.published) == [BatchKey.sequence(1).text]
    assert bench.run().status is RunStatus.SUCCEEDED


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), SystemExit(1)])
def test_even_a_killed_run_removes_its_staging(fault: BaseException) -> None:
    bench = Bench(of(replace(numbered(1, 1), fault=fault)))
    with pytest.raises(type(fault)):
        bench.service.execute(new_run("run-1", "fake", Mode.FULL, bench.clock))
    assert bench.lake.staged[0].discarded


def cancelled() -> Interruption:
    asked = Interruption()
    asked.drop_batch(RunCancelled("the run was cancelled"))
    return asked


def is_cancelled(run: Run) -> bool:
    return (run.status, run.exit_code) == (RunStatus.CANCELLED, 75) and bool(run.error and run.error.advice)


def test_a_run_that_is_cancelled_before_it_begins_touches_nothing() -> None:
    bench = Bench(of(numbered(1, 2)))
    assert is_cancelled(bench.run(interruption=cancelled()))
    assert bench.lake.published == {} and bench.lake.swept == []


def test_a_cancelled_run_drops_its_batch_at_the_next_write_and_keeps_the_ones_before() -> None:
    asked = Interruption()
    dropped = numbered(3, 4, before=lambda: asked.drop_batch(RunCancelled("the run was cancelled")))
    bench = Bench(of(numbered(1, 2), dropped))
    run = bench.run(interruption=asked)
    assert is_cancelled(run) and run.batches == list(bench.lake.published) == [BatchKey.sequence(1).text]
    assert dropped.outcomes == []


def test_a_run_that_is_cancelled_while_it_publishes_finishes_that_batch() -> None:
    asked = Interruption()
    bench = Bench(of(numbered(1, 2), numbered(3, 4)))
    bench.lake.before_publish = lambda: asked.drop_batch(RunCancelled("the run was cancelled"))
    run = bench.run(interruption=asked)
    assert is_cancelled(run) and run.batches == list(bench.lake.published) == [BatchKey.sequence(1).text]


def test_a_signal_just_after_staging_was_made_still_removes_it() -> None:
    asked = Interruption()
    bench = Bench(of(numbered(1, 2)))
    bench.lake.after_stage = lambda: asked.interrupt(RunInterrupted("stopped by SIGTERM"))
    run = bench.run(interruption=asked)
    assert run.error and run.error.code == "RUN_INTERRUPTED" and bench.lake.published == {}
    assert [staged.discarded for staged in bench.lake.staged] == [True]


def test_a_signal_ends_a_source_that_hangs() -> None:
    asked = Interruption()

    def hang() -> None:
        asked.interrupt(RunInterrupted("stopped by SIGTERM"))  # as the handler does, amid a call that looks at nothing
        raise AssertionError("the signal was not heard")

    bench = Bench(of(numbered(1, 2, before=hang)))
    run = bench.run(interruption=asked)
    assert run.error and run.error.code == "RUN_INTERRUPTED" and bench.lake.staged[0].discarded


@pytest.mark.parametrize("wait", [pause, pause_before_retry])
def test_a_cancelled_run_wakes_from_its_waits(wait: Callable[[float], None]) -> None:
    asked = Interruption()

    def back_off() -> None:
        threading.Timer(0.05, asked.drop_batch, [RunCancelled("the run was cancelled")]).start()
        wait(3600)

    run = Bench(of(numbered(1, 2, before=back_off))).run(interruption=asked)
    assert is_cancelled(run) and run.retries == (wait is pause_before_retry)


def test_retries_of_a_run_are_counted_and_those_of_nobody_are_only_waits() -> None:
    for wait in (partial(pause_before_retry, 0), count_retry):
        wait()
        run = Bench(of(numbered(1, 2, before=wait), numbered(3, 4))).run()
        assert (run.status, run.retries) == (RunStatus.SUCCEEDED, 1)


def test_the_retries_of_a_lake_are_not_cut_short() -> None:
    asked = Interruption()
    bench = Bench(of(numbered(1, 2)))

    def lost_reply() -> None:
        asked.drop_batch(RunCancelled("the run was cancelled"))
        count_retry()

    bench.lake.before_publish = lost_reply
    run = bench.run(interruption=asked)
    assert (run.batches, run.retries) == ([BatchKey.sequence(1).text], 1)


def test_the_run_knows_the_newest_change_in_raw() -> None:
    def told(moment: str) -> FakeBatch:
        return FakeBatch([b"1\n"], Extraction(watermark={"as_of": moment}))

    batches = [told("2025-01-01T10:00:00Z"), told("not a time"), told("2025-01-01 12:30:00")]
    bench = Bench(lambda mode, watermark: [] if watermark else batches)
    assert bench.run().as_of == datetime(2025, 1, 1, 12, 30, tzinfo=UTC)
    assert bench.run().as_of == datetime(2025, 1, 1, 12, 30, tzinfo=UTC), "a run with nothing new knows it from raw"

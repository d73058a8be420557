"""One run at a time in a process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from kernel_fakes import FakeSource, MemoryLake, RecordingTelemetry, TickingClock, numbered, wait_for

from ingestion_kernel.application.helpers.batch_writer import PartLimits
from ingestion_kernel.application.helpers.interruption import cancelled_by
from ingestion_kernel.application.services import run_manager
from ingestion_kernel.application.services.ingest import IngestionService, IngestionSetup
from ingestion_kernel.application.services.run_manager import KEY_LIFETIME, Ending, RunManager
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.exceptions import (
    IdempotencyKeyReused,
    ModeNotSupported,
    RunEnded,
    RunInProgress,
    RunInterrupted,
    RunUnknown,
)
from ingestion_kernel.domain.run import Run, RunStatus


class Gated:
    """A manager whose source waits at a gate in each batch, in a call that `cancel` is to end."""

    def __init__(self, cancel: Callable[[], None] = lambda: None) -> None:
        self.gate, self.waiting = threading.Event(), threading.Event()

        def wait() -> None:
            with cancelled_by(cancel):
                self.waiting.set()
                self.gate.wait()

        batches = [numbered(1, 1, before=wait), numbered(2, 2, before=wait)]
        source = FakeSource(lambda mode, watermark: batches)
        self.lake = MemoryLake()
        setup = IngestionSetup("customers", "1", "test 1", PartLimits(), 3600)
        service = IngestionService(source, self.lake, TickingClock(), RecordingTelemetry(), setup)
        self.clock = TickingClock()
        self.manager = RunManager(source, service, self.clock)


@pytest.fixture
def gated() -> Iterator[Gated]:
    made = Gated()
    yield made
    made.gate.set()
    assert made.manager.close(timeout=20) is Ending.IN_ORDER


def test_a_second_run_is_refused_with_the_first_ones_id_until_it_ends(gated: Gated) -> None:
    first = gated.manager.start(Mode.FULL)
    with pytest.raises(RunInProgress) as refused:
        gated.manager.start(Mode.FULL)
    assert refused.value.run_id == first.run_id
    gated.gate.set()
    wait_for(lambda: first.ended)
    second = gated.manager.start(Mode.FULL)
    wait_for(lambda: second.ended)
    assert gated.manager.newest_first(10) == [second, first]
    assert gated.manager.newest_first(1) == [second]
    assert gated.manager.get(first.run_id) is first
    with pytest.raises(RunUnknown):
        gated.manager.get("nobody")


def test_of_many_at_once_exactly_one_is_started(gated: Gated) -> None:
    begin = threading.Barrier(8)
    outcomes: list[str] = []

    def start() -> None:
        begin.wait()
        try:
            outcomes.append(gated.manager.start(Mode.FULL).run_id)
        except RunInProgress:
            outcomes.append("refused")

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("refused") == 7


def test_close_finishes_the_present_batch_and_leaves_the_rest(gated: Gated) -> None:
    run = gated.manager.start(Mode.FULL)
    wait_for(lambda: bool(gated.lake.staged))
    threading.Timer(0.1, gated.gate.set).start()
    assert gated.manager.close(timeout=20) is Ending.IN_ORDER
    assert run.error and run.error.code == "RUN_INTERRUPTED"
    assert len(gated.lake.published) == 1
    with pytest.raises(RunInterrupted):
        gated.manager.start(Mode.FULL)


def test_a_mode_that_is_not_there_starts_nothing(gated: Gated) -> None:
    gated.manager._source.modes = frozenset({Mode.FULL})
    with pytest.raises(ModeNotSupported, match="it has: full"):
        gated.manager.start(Mode.INCREMENTAL)
    assert gated.manager.newest_first(10) == []


def test_a_batch_that_outlasts_the_closing_is_dropped_whole(gated: Gated) -> None:
    run = gated.manager.start(Mode.FULL)
    wait_for(lambda: bool(gated.lake.staged))
    assert gated.manager.close(timeout=0) is Ending.STUCK, "the source did not come to a write"
    gated.gate.set()
    assert gated.manager.close(timeout=0, drop_timeout=20) is Ending.DROPPED
    assert run.error and run.error.code == "RUN_INTERRUPTED"
    assert gated.lake.published == {} and gated.lake.staged[0].discarded


@pytest.mark.parametrize("how", ["DELETE", "stop"])
def test_a_source_that_hangs_as_it_is_cancelled_holds_up_nobody(how: str) -> None:
    called, hanging = threading.Event(), threading.Event()

    def hang() -> None:
        called.set()
        hanging.wait(2)  # as a request to a host that is gone

    gated = Gated(hang)
    run = gated.manager.start(Mode.FULL)
    assert gated.waiting.wait(20)
    began = time.monotonic()
    if how == "DELETE":
        gated.manager.cancel(run.run_id)
        assert gated.manager.newest_first(1) == [run]
    assert gated.manager.close(timeout=0.05, drop_timeout=0.05) is Ending.STUCK
    assert time.monotonic() - began < 1
    assert called.wait(20)
    hanging.set()
    gated.gate.set()


def test_a_closing_manager_with_nothing_to_do_ends_in_order(gated: Gated) -> None:
    assert gated.manager.close(timeout=0) is gated.manager.ending is Ending.IN_ORDER


def test_a_cancelled_run_makes_room_for_the_next(gated: Gated) -> None:
    run = gated.manager.start(Mode.FULL)
    wait_for(lambda: bool(gated.lake.staged))
    assert gated.manager.cancel(run.run_id) is run
    assert gated.manager.cancel(run.run_id) is run, "asking twice is asking once"
    gated.gate.set()
    wait_for(lambda: run.ended)
    assert run.status is RunStatus.CANCELLED and gated.lake.published == {}
    with pytest.raises(RunEnded, match="has ended as cancelled"):
        gated.manager.cancel(run.run_id)
    with pytest.raises(RunUnknown):
        gated.manager.cancel("nobody")
    second = gated.manager.start(Mode.FULL)
    wait_for(lambda: second.ended)
    assert second.status is RunStatus.SUCCEEDED


def test_a_key_answers_with_the_run_that_it_started(gated: Gated) -> None:
    first = gated.manager.start(Mode.FULL, "key")
    assert gated.manager.start(Mode.FULL, "key") is first
    with pytest.raises(RunInProgress):
        gated.manager.start(Mode.FULL, "another")
    with pytest.raises(IdempotencyKeyReused):
        gated.manager.start(Mode.INCREMENTAL, "key")
    gated.gate.set()
    wait_for(lambda: first.ended)
    assert gated.manager.start(Mode.FULL, "key") is first
    another = gated.manager.start(Mode.FULL, "another")
    assert another is not first, "a key that was refused has started nothing, so it is free"
    wait_for(lambda: another.ended)
    gated.clock.pass_by(KEY_LIFETIME)
    assert gated.manager.start(Mode.INCREMENTAL, "key") is not first, "a key lives for a day"


@pytest.fixture
def few() -> Iterator[int]:
    """So many runs are remembered; each takes time, as it ends with a collection of garbage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_manager, "REMEMBERED", 5)
        yield 5


def test_what_is_remembered_is_bounded(few: int, gated: Gated) -> None:
    gated.gate.set()

    def run(key: str | None) -> Run:
        started = gated.manager.start(Mode.FULL, key)
        wait_for(lambda: started.ended)
        return started

    first = run("first")
    for number in range(few):
        run(f"key-{number}")
    assert len(gated.manager.newest_first(2 * few)) == len(gated.manager._keys._entries) == few
    assert run("first") is not first


def test_the_same_key_at_once_starts_one_run(gated: Gated) -> None:
    begin = threading.Barrier(8)
    started: list[str] = []

    def start() -> None:
        begin.wait()
        started.append(gated.manager.start(Mode.FULL, "key").run_id)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == 8 and len(set(started)) == 1

"""One run at a time in a process."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from kernel_fakes import FakeSource, MemoryLake, RecordingTelemetry, TickingClock, numbered, wait_for

from ingestion_kernel.application.helpers.batch_writer import PartLimits
from ingestion_kernel.application.services.ingest import IngestionService, IngestionSetup
from ingestion_kernel.application.services.run_manager import RunManager
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.exceptions import ModeNotSupported, RunInProgress, RunInterrupted


class Gated:
    """A manager whose source waits at a gate in each batch."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        batches = [numbered(1, 1, before=self.gate.wait), numbered(2, 2, before=self.gate.wait)]
        source = FakeSource(lambda mode, watermark: batches)
        self.lake = MemoryLake()
        setup = IngestionSetup("customers", "1", "test 1", PartLimits(), 3600)
        service = IngestionService(source, self.lake, TickingClock(), RecordingTelemetry(), setup)
        self.manager = RunManager(source, service, TickingClock())


@pytest.fixture
def gated() -> Iterator[Gated]:
    made = Gated()
    yield made
    made.gate.set()
    assert made.manager.close(timeout=20)


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
    assert gated.manager.get("nobody") is None


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
    assert gated.manager.close(timeout=0) is False
    gated.gate.set()
    assert gated.manager.close(timeout=20) is True
    assert run.error and run.error.code == "RUN_INTERRUPTED"
    assert len(gated.lake.published) == 1
    with pytest.raises(RunInterrupted):
        gated.manager.start(Mode.FULL)


def test_a_mode_that_is_not_there_starts_nothing(gated: Gated) -> None:
    gated.manager._source.modes = frozenset({Mode.FULL})
    with pytest.raises(ModeNotSupported, match="it has: full"):
        gated.manager.start(Mode.INCREMENTAL)
    assert gated.manager.newest_first(10) == []

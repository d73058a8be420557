"""Hand-written doubles at the ports, and a toy service made of them for the tests of the shells."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ingestion_kernel.domain.batch import BatchKey, Extraction, Mode, RawFormat, Watermark
from ingestion_kernel.domain.exceptions import BatchExists
from ingestion_kernel.domain.manifest import Manifest
from ingestion_kernel.domain.ports.source import Outcome, RecordSink
from ingestion_kernel.domain.run import Run


class TickingClock:
    """One second later at each look."""

    def __init__(self) -> None:
        self._now = datetime(2025, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now

    def pass_by(self, time: timedelta) -> None:
        self._now += time


@dataclass
class FakeBatch:
    """Writes `rows`, then reports `extraction` or raises `fault`."""

    rows: Iterable[bytes]
    extraction: Extraction = field(default_factory=Extraction)
    key: BatchKey | None = None
    format: RawFormat = RawFormat.JSON_LINES
    header: bytes = b""
    fault: BaseException | None = None
    before: Callable[[], None] = lambda: None
    outcomes: list[Outcome] = field(default_factory=list)

    def extract(self, sink: RecordSink) -> Extraction:
        self.before()
        for row in self.rows:
            sink.write(row)
        if self.fault:
            raise self.fault
        return self.extraction

    def settle(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


class FakeSource:
    """Delivers what `plan` says for a mode and a watermark."""

    name = "fake"
    modes = frozenset({Mode.INCREMENTAL, Mode.FULL})

    def __init__(self, plan: Callable[[Mode, Watermark | None], list[FakeBatch]], rejected_inputs: int = 0) -> None:
        self._plan = plan
        self._rejected = rejected_inputs
        self.open = 0
        self.fault: Exception | None = None

    @contextmanager
    def pending(self, mode: Mode, watermark: Watermark | None) -> Iterator[Iterator[FakeBatch]]:
        self.open += 1
        try:
            yield iter(self._plan(mode, watermark))
        finally:
            self.open -= 1

    def take_rejected_inputs(self) -> int:
        taken, self._rejected = self._rejected, 0
        return taken

    def check(self) -> None:
        if self.fault:
            raise self.fault


class MemoryLake:
    """A raw lake in a dictionary."""

    def __init__(self) -> None:
        self.published: dict[str, tuple[Manifest, dict[str, bytes]]] = {}
        self.staged: list[MemoryStagedBatch] = []
        self.swept: list[float] = []
        self.before_publish: Callable[[], None] = lambda: None
        self.after_stage: Callable[[], None] = lambda: None

    def newest(self, source: str) -> Manifest | None:
        keys = [key for key in self.published if BatchKey(key).number is not None]
        return self.published[max(keys)][0] if keys else None

    def find(self, source: str, key: BatchKey) -> Manifest | None:
        return self.published[key.text][0] if key.text in self.published else None

    def stage(self, run_id: str, source: str) -> MemoryStagedBatch:
        self.staged.append(MemoryStagedBatch(self))
        self.after_stage()
        return self.staged[-1]

    def sweep(self, source: str, older_than_seconds: float) -> int:
        self.swept.append(older_than_seconds)
        return 0

    def check(self) -> None:
        pass


class MemoryStagedBatch:
    """Parts in memory; visible in the lake only after `publish`."""

    def __init__(self, lake: MemoryLake) -> None:
        self._lake = lake
        self.parts: dict[str, bytes] = {}
        self.closed: list[str] = []
        self.discarded = False

    def open_part(self, name: str) -> MemoryPart:
        return MemoryPart(self, name)

    def publish(self, manifest: Manifest) -> None:
        self._lake.before_publish()
        if manifest.key in self._lake.published:
            raise BatchExists(manifest.key)
        self._lake.published[manifest.key] = (manifest, dict(self.parts))

    def discard(self) -> None:
        self.discarded = True


@dataclass
class MemoryPart:
    staged: MemoryStagedBatch
    name: str
    data: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        self.staged.parts[self.name] = bytes(self.data)
        self.staged.closed.append(self.name)


class RecordingTelemetry:
    """Remembers the events."""

    def __init__(self) -> None:
        self.events: list[tuple[str, object]] = []

    def run_started(self, run: Run) -> None:
        self.events.append(("started", run.run_id))

    def batch_published(self, run: Run, manifest: Manifest) -> None:
        self.events.append(("published", manifest.key))

    def batch_skipped(self, run: Run, key: str) -> None:
        self.events.append(("skipped", key))

    def conflict(self, run: Run, key: str) -> None:
        self.events.append(("conflict", key))

    def run_ended(self, run: Run, error: BaseException | None) -> None:
        self.events.append(("ended", error))


def numbered(first: int, last: int, **batch: object) -> FakeBatch:
    """A batch of JSON lines {"n": first} .. {"n": last} whose watermark is `last`."""
    rows = [b'{"n": "%d"}\n' % number for number in range(first, last + 1)]
    return FakeBatch(rows, Extraction(watermark={"n": last}), **batch)  # type: ignore[arg-type]


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Poll until `condition` holds; fails loudly after `seconds`."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        pause.wait(0.02)

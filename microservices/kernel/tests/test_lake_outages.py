"""A lake that is full, closed or away in the middle of a run: a clean failure, and the next run repairs it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fake_dfs.entries import Account, HandClock
from fake_dfs.faults import Fault, is_append, is_rename
from fake_dfs.server import running
from kernel_fakes import FakeBatch, FakeSource, RecordingTelemetry, TickingClock, numbered
from lake_helpers import adls
from small_volumes import SmallVolume, may_mount, small_files, small_tmpfs, without_roots_rights

from ingestion_kernel.application.helpers.batch_writer import PartLimits
from ingestion_kernel.application.services.ingest import IngestionService, IngestionSetup, new_run
from ingestion_kernel.domain.batch import Mode, Watermark
from ingestion_kernel.domain.ports.raw_lake import RawLake
from ingestion_kernel.domain.run import Run, RunStatus
from ingestion_kernel.infrastructure.storage.local import LocalRawLake
from ingestion_kernel.infrastructure.storage.retry import Retry

LAST = 150_000
BIG = 120_000  # rows of the second of three batches: about 2 MB
DAY = 86_400


def ingest(lake: RawLake, before_second: Callable[[], None] = lambda: None) -> Run:
    """One run over rows 1 to LAST, in three batches, from where the newest manifest says."""

    def plan(mode: Mode, watermark: Watermark | None) -> list[FakeBatch]:
        done = watermark["n"] if watermark else 0
        batches = [numbered(1, 9), numbered(10, BIG, before=before_second), numbered(BIG + 1, LAST)]
        return [batch for batch in batches if batch.extraction.watermark["n"] > done]  # type: ignore[index]

    clock = TickingClock()
    setup = IngestionSetup("customers", "1.0.0", "test 1", PartLimits(size=900_000), staging_max_age_seconds=DAY)
    run = new_run("run-1", "fake", Mode.INCREMENTAL, clock)
    IngestionService(FakeSource(plan), lake, clock, RecordingTelemetry(), setup).execute(run)
    return run


def failed_cleanly(run: Run, *said: str) -> None:
    assert run.error and run.status is RunStatus.FAILED
    assert (run.error.code, run.exit_code) == ("LAKE_UNAVAILABLE", 74)
    for text in said:
        assert text in f"{run.error.message} {run.error.advice}"


def succeeded(run: Run) -> None:
    assert run.status is RunStatus.SUCCEEDED, run.error


def rows_in(files: dict[str, bytes]) -> list[int]:
    """The rows of all published parts, after checking that they are those of the manifests."""
    published = {path: data for path, data in files.items() if not path.startswith("_staging/")}
    manifests = {path: json.loads(data) for path, data in published.items() if path.endswith("_manifest.json")}
    parts = [
        f"{path.rpartition('/')[0]}/{part['name']}" for path, found in manifests.items() for part in found["parts"]
    ]
    assert sorted([*manifests, *parts]) == sorted(published)
    return [int(json.loads(line)["n"]) for part in sorted(parts) for line in published[part].splitlines()]


ALL_ROWS = list(range(1, LAST + 1))


# The local disk


def local_files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(params=[small_files, *([small_tmpfs] if may_mount() else [])], ids=lambda make: make.__name__)
def volume(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallVolume]:
    with request.param(tmp_path) as found:
        yield found


def test_a_full_disk_ends_the_run_and_the_next_one_goes_on(volume: SmallVolume) -> None:
    lake = LocalRawLake(volume.root / "raw", "customers")
    run = ingest(lake)
    failed_cleanly(run, "cannot ", "Free space on the volume of RAW_URL")
    assert str(volume.root) not in f"{run.error}"
    assert rows_in(local_files(volume.root / "raw")) == ALL_ROWS[:9]
    assert not [path for path in local_files(volume.root / "raw") if path.startswith("_staging")]
    failed_cleanly(ingest(lake))
    volume.enlarge()
    succeeded(ingest(lake))
    assert rows_in(local_files(volume.root / "raw")) == ALL_ROWS


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that nobody else's folder keeps us out of, for a test that gives up root's rights."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.mark.parametrize("closed", ["", "_staging/fake", "fake/customers"])
def test_a_folder_that_may_not_be_written_ends_the_run_and_the_next_one_goes_on(open_folder: Path, closed: str) -> None:
    root = open_folder / "raw"
    lake = LocalRawLake(root, "customers")
    with without_roots_rights():
        if closed:
            succeeded_only_in_part = ingest(lake, before_second=lambda: (root / closed).chmod(0o555))
        else:
            root.mkdir(mode=0o555)
            succeeded_only_in_part = ingest(lake)
        failed_cleanly(succeeded_only_in_part, "Permission denied", "the right to write below RAW_URL")
        assert str(root) not in f"{succeeded_only_in_part.error}"
        (root / closed).chmod(0o755)
        succeeded(ingest(lake))
    assert rows_in(local_files(root)) == ALL_ROWS


# ADLS


class Adls:
    """The service, which can be stopped and started again, and a lake on it that repeats without waiting."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.account = Account(self.clock)
        self._running = ExitStack()
        self.on_pause: Callable[[], None] = lambda: None
        self.server = self._running.enter_context(running(self.account))
        self.url = self.server.url
        self.lake = adls(self.url, retry=Retry(sleep=lambda seconds: self.on_pause()), now=self.clock)

    def stop(self) -> None:
        self._running.close()

    def start(self) -> None:
        self.server = self._running.enter_context(running(self.account, self.server.server_address[1]))

    def files(self) -> dict[str, bytes]:
        return {path: entry.data for path, entry in self.account.containers["raw"].items() if not entry.directory}

    def staged(self) -> list[str]:
        return [path for path in self.account.containers["raw"] if path.startswith("_staging/fake/")]


@pytest.fixture
def service() -> Iterator[Adls]:
    found = Adls()
    yield found
    found.stop()


def test_a_service_that_is_away_from_the_beginning(service: Adls) -> None:
    service.stop()
    failed_cleanly(ingest(service.lake), "cannot sweep the staging directory: Service", "reachable")
    service.start()
    succeeded(ingest(service.lake))
    assert rows_in(service.files()) == ALL_ROWS


def test_a_service_that_goes_away_in_the_middle_of_a_batch(service: Adls) -> None:
    failed_cleanly(ingest(service.lake, before_second=service.stop), "reachable")
    assert rows_in(service.files()) == ALL_ROWS[:9]
    assert service.staged(), "it could not be cleared up"
    service.start()
    succeeded(ingest(service.lake))
    assert rows_in(service.files()) == ALL_ROWS
    assert service.staged(), "too young to be taken for a crashed run's"
    service.clock.advance(DAY + 1)
    succeeded(ingest(service.lake))
    assert service.staged() == []
    assert rows_in(service.files()) == ALL_ROWS


def test_a_service_that_comes_back_in_time_is_not_noticed(service: Adls) -> None:
    def come_back() -> None:
        service.on_pause = lambda: None
        service.start()

    service.on_pause = come_back
    succeeded(ingest(service.lake, before_second=service.stop))
    assert rows_in(service.files()) == ALL_ROWS
    assert service.staged() == []


def test_a_service_that_goes_away_with_the_rename_done_and_its_reply_lost(service: Adls) -> None:
    service.server.faults.append(Fault(is_rename, drop_reply=True))
    service.on_pause = service.stop
    failed_cleanly(ingest(service.lake))
    assert rows_in(service.files()) == ALL_ROWS[:9], "the batch is there, though the run could not know"
    service.on_pause = lambda: None
    service.start()
    succeeded(ingest(service.lake))
    assert rows_in(service.files()) == ALL_ROWS


def test_rights_that_are_taken_away_in_the_middle(service: Adls) -> None:
    def close() -> None:
        service.server.faults.append(Fault(is_append, status=403))

    failed_cleanly(ingest(service.lake, before_second=close), "HTTP 403", "Storage Blob Data Contributor")
    assert service.staged() == []
    succeeded(ingest(service.lake))
    assert rows_in(service.files()) == ALL_ROWS

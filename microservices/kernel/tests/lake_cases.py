"""Where the contract of `RawLake` is tried: the local disk, ADLS on our own server, and a live account if asked for.

A live account is named by ADLS_TEST_URL, in the form of RAW_URL; the tests work in a directory of their own below it
and delete that. Azure is reached by the identity of whoever runs them; ADLS_TEST_KEY is for an emulator on loopback.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azure.storage.filedatalake import FileSystemClient
from fake_dfs.entries import Account, HandClock
from fake_dfs.server import running
from lake_helpers import KEY
from pydantic import SecretStr

from ingestion_kernel.domain.ports.raw_lake import RawLake
from ingestion_kernel.infrastructure.storage.adls import AdlsRawLake
from ingestion_kernel.infrastructure.storage.adls_calls import connect
from ingestion_kernel.infrastructure.storage.local import LocalRawLake
from ingestion_kernel.infrastructure.storage.location import AdlsLocation, parse_raw_url

URL_VARIABLE, KEY_VARIABLE = "ADLS_TEST_URL", "ADLS_TEST_KEY"


def case_names(environment: Mapping[str, str]) -> list[str]:
    """The adapters to try; the live account only if it is named."""
    return ["local", "adls", *(["live"] if environment.get(URL_VARIABLE) else [])]


def not_run(environment: Mapping[str, str]) -> str | None:
    """What to tell of the live account at the end of the tests, None if it was tried."""
    if environment.get(URL_VARIABLE):
        return None
    return f"RawLake's contract was NOT RUN against a live account: {URL_VARIABLE} is not set (kernel/README.md)"


@dataclass
class Case:
    """An adapter to try.

    Attributes:
        lake: in an empty container.
        files: what lies in it (path: content), read past the adapter.
        delete: removes one file past the adapter.
        broken: the adapter on a container that cannot be used.
        age: makes all that is staged older than `old` seconds.
        old: seconds; young staging is younger.
        age_of: seconds since the last change of what a run has staged, by its id.
        beating: the adapter on the same container, showing signs of life all the time.
    """

    lake: RawLake
    files: Callable[[], dict[str, bytes]]
    delete: Callable[[str], None]
    broken: RawLake
    age: Callable[[], None]
    old: float
    age_of: Callable[[str], float]
    beating: RawLake


def local_case(folder: Path) -> Case:
    root = folder / "raw"
    wall = folder / "a-file"
    wall.write_text("not a directory")  # root may write everywhere, but not below a regular file

    def files() -> dict[str, bytes]:
        return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    def age() -> None:
        for path in root.rglob("*"):
            os.utime(path, (time.time() - 3600,) * 2)

    def age_of(run_id: str) -> float:
        return time.time() - max(path.stat().st_mtime for path in (root / "_staging" / "csv").glob(f"{run_id}-*"))

    return Case(
        LocalRawLake(root, "customers"),
        files,
        lambda path: (root / path).unlink(),
        LocalRawLake(wall / "raw", "customers"),
        age,
        1800,
        age_of,
        LocalRawLake(root, "customers", beat_seconds=0.05),
    )


@contextmanager
def own_server_case() -> Iterator[Case]:
    clock = HandClock()
    account = Account(clock)
    account.page_size = 2  # so that every list is continued
    with running(account) as server:
        yield _adls_case(f"{server.url}/lake", KEY, "nowhere", clock, lambda: clock.advance(3600), 1800)


@contextmanager
def live_case() -> Iterator[Case]:
    key = os.environ.get(KEY_VARIABLE)
    url = f"{os.environ[URL_VARIABLE].rstrip('/')}/contract-{uuid.uuid4().hex}"
    secret = SecretStr(key) if key else None
    missing = f"missing-{uuid.uuid4().hex[:12]}"
    # the service's times have whole seconds, and only true time passes there
    case = _adls_case(url, secret, missing, time.time, lambda: time.sleep(8), 5)
    try:
        yield case
    finally:
        container, prefix = _container_of(url, secret)
        if container.get_directory_client(prefix).exists():
            container.delete_directory(prefix)


def _adls_case(
    url: str, key: SecretStr | None, missing: str, now: Callable[[], float], age: Callable[[], None], old: float
) -> Case:
    container, prefix = _container_of(url, key)

    def files() -> dict[str, bytes]:
        if not container.get_directory_client(prefix).exists():
            return {}
        found = [path.name for path in container.get_paths(path=prefix) if not path.is_directory]
        return {
            name.removeprefix(f"{prefix}/"): bytes(container.get_file_client(name).download_file().readall())
            for name in found
        }

    def age_of(run_id: str) -> float:
        staged = container.get_paths(path=f"{prefix}/_staging/csv", recursive=False)
        times = [path.last_modified.timestamp() for path in staged if f"/{run_id}-" in path.name]
        return now() - max(times)

    def lake_at(place: FileSystemClient, **options: float) -> AdlsRawLake:
        return AdlsRawLake(place, prefix, "customers", now=now, **options)

    location = parse_raw_url(url)
    assert isinstance(location, AdlsLocation)
    nowhere = connect(AdlsLocation(location.account_url, missing, prefix), key)
    return Case(
        lake_at(container),
        files,
        lambda path: container.get_file_client(f"{prefix}/{path}").delete_file(),
        lake_at(nowhere),
        age,
        old,
        age_of,
        lake_at(container, beat_seconds=0.05),
    )


def _container_of(url: str, key: SecretStr | None) -> tuple[FileSystemClient, str]:
    location = parse_raw_url(url)
    assert isinstance(location, AdlsLocation)
    return connect(location, key), location.prefix

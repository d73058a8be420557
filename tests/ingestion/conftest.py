"""A real PostgreSQL, a partner API and drop folders for the proofs, and their summary at the end of the session.

PROOF_ROUNDS: rounds of random kills and of races (12). PROOF_SEED: repeats a session. PROOF_REPORT: a file for the
summary.
"""

from __future__ import annotations

import importlib.util
import os
import random
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg2
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# the helpers of other tests are used as they are, not copied
sys.path[:0] = [str(HERE), str(ROOT / "microservices/api/tests"), str(ROOT / "microservices/kernel/tests")]

from api_servers import PartnerServer  # noqa: E402
from ingestion_proofs import dfs_lake as dfs  # noqa: E402
from ingestion_proofs.tally import TALLY  # noqa: E402
from ingestion_proofs.worlds import ApiWorld, CsvWorld, DatabaseWorld, World  # noqa: E402

ROUNDS = int(os.environ.get("PROOF_ROUNDS") or 12)
TALLY.seed = int(os.environ.get("PROOF_SEED") or secrets.randbelow(2**32))

MakeWorld = Callable[[str], World]


def _database_conftest() -> ModuleType:
    path = ROOT / "microservices/database/tests/conftest.py"
    spec = importlib.util.spec_from_file_location("database_tests_conftest", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_DATABASE = _database_conftest()
postgres = _DATABASE.postgres


@pytest.fixture
def rounds() -> int:
    """How many rounds of random kills and of races."""
    return ROUNDS


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers of this test: the same for the same seed, whichever other tests run."""
    print(f"PROOF_SEED={TALLY.seed}")
    return random.Random(f"{TALLY.seed} {request.node.name}")


@pytest.fixture(scope="session")
def login(postgres: tuple[str, str]) -> Iterator[tuple[Any, str]]:
    """A superuser's connection to a database for the proofs, and the URL under which the service logs in."""
    socket, uri = postgres
    first = psycopg2.connect(uri)
    first.autocommit = True
    first.cursor().execute("CREATE DATABASE proofs")
    first.close()
    admin = psycopg2.connect(uri, dbname="proofs")
    admin.autocommit = True
    admin.cursor().execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ingest")
    known = _DATABASE.TestDatabase("proofs", socket, _DATABASE.PASSWORD, lambda: admin, lambda: None)
    yield admin, known.url()
    admin.close()


@pytest.fixture
def world(tmp_path: Path, login: tuple[Any, str]) -> Iterator[MakeWorld]:
    """Makes a world of the source that is named: `world("csv")`, empty, and another one at each call."""
    numbers = count()
    with ExitStack() as stack:

        def make(source: str) -> World:
            number = next(numbers)
            folder = tmp_path / f"{source}-{number}"
            folder.mkdir()
            if source == "database":  # every other world in the other format
                return DatabaseWorld(folder, *login, _DATABASE.PASSWORD, "csv" if number % 2 else "json")
            return _world(source, folder, stack)

        yield make


@pytest.fixture
def dfs_lake() -> Iterator[dfs.DfsLake]:
    """An empty container on the test server of ADLS Gen2's calls."""
    with dfs.dfs_lake() as lake:
        yield lake


def _world(source: str, folder: Path, stack: ExitStack) -> World:
    if source == "csv":
        return CsvWorld(folder)
    partner_folder = folder / "partner"
    partner_folder.mkdir()
    return ApiWorld(folder, stack.enter_context(PartnerServer(partner_folder)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was done: a reader of the output shall see the numbers, not only dots."""
    if not (TALLY.kills or TALLY.counts or TALLY.missing):
        return
    terminalreporter.section("ingestion proofs")
    for line in TALLY.lines():
        terminalreporter.write_line(line)
    report = os.environ.get("PROOF_REPORT")
    if report and not terminalreporter.stats.get("failed") and not terminalreporter.stats.get("error"):
        Path(report).write_text(_report(TALLY.lines()), encoding="utf-8")
        terminalreporter.write_line(f"written to {report}")


def _report(lines: list[str]) -> str:
    head = (HERE / "report_head.md").read_text(encoding="utf-8")
    return "\n".join([head, *lines, ""])

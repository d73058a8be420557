"""The partner's API and the three ingestion services, as the processes they are in production."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from demo.errors import DemoError
from demo.partner_api import SERVICE_SETTINGS
from demo.postgres import SCHEMA
from demo.processes import Child, Processes
from demo.shares import SourceName
from demo.workspace import Workspace

_START_SECONDS = 60.0
#: Small enough that even a short demo pages.
_PAGE_SIZE = "500"
#: Settings of the person's own shell must not reach the demo's processes.
_FOREIGN = (
    *("API_", "CSV_", "DB_", "DATABASE_URL", "ETL_", "RAW_URL", "HOST", "PORT", "SERVICE_TOKEN", "SECRETS_DIR"),
    "LOG_LEVEL",  # the demo reads from the log on which port a service listens
)


@dataclass(frozen=True, slots=True)
class Service:
    """A running ingestion service; `token_file` holds its bearer token."""

    source: SourceName
    url: str
    token_file: Path
    child: Child

    def client(self) -> httpx.Client:
        """A client that shows the token and goes through no proxy."""
        token = self.token_file.read_text(encoding="ascii")
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
        )


def program(name: str) -> str:
    """The console script `name` of this very environment."""
    return str(Path(sys.executable).parent / name)


def clean_environment() -> dict[str, str]:
    """This process's environment without what would configure a service or the job."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}


def start_partner(space: Workspace, processes: Processes) -> str:
    """Start the partner's API; returns its URL once it listens."""
    key = space.secret("api-ingestion/api_key")
    child = processes.start(
        "partner-api",
        [
            *(sys.executable, "-m", "demo.partner_api", "--port", "0"),
            *("--data", str(space.partner_file), "--api-key-file", str(key)),
        ],
        clean_environment(),
    )
    return f"{address_of(child)}/v1/customers?paging=cursor"


def start_services(
    space: Workspace, processes: Processes, database_url: str, table: str, partner_url: str
) -> list[Service]:
    """Start all three services; returns once each says that a run could begin."""
    space.write_secret("database-ingestion/database_url", database_url)
    settings: dict[SourceName, dict[str, str]] = {
        SourceName.DATABASE: {"DB_TABLE": f"{SCHEMA}.{table}", "DB_CURSOR_COLUMN": "updated_at"},
        SourceName.API: {**SERVICE_SETTINGS, "API_URL": partner_url, "API_PAGE_SIZE": _PAGE_SIZE},
        # the files arrive by rename, so there is no need to watch them for long
        SourceName.CSV: {"CSV_INPUT_DIR": str(space.inbox), "CSV_MIN_AGE_SECONDS": "0.2"},
    }
    started = [_start_service(space, processes, source, settings[source]) for source in SourceName]
    services = [Service(source, address_of(child), token, child) for source, token, child in started]
    for service in services:
        _wait_until_ready(service)
    return services


def _start_service(
    space: Workspace, processes: Processes, source: SourceName, settings: Mapping[str, str]
) -> tuple[SourceName, Path, Child]:
    name = f"{source.value}-ingestion"
    token = space.secret(f"{name}/service_token")
    environment = {
        **clean_environment(),
        **settings,
        "RAW_URL": str(space.raw),
        "HOST": "127.0.0.1",
        "PORT": "0",
        "SECRETS_DIR": str(token.parent),
    }
    return source, token, processes.start(name, [program(name), "serve"], environment)


def address_of(child: Child) -> str:
    """The URL that `child` listens on. It takes a free port itself and tells it: `{"event": "serving", "port": 1234}`.

    A port that was found free beforehand may be another's by the time the child binds it.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        for line in child.written().splitlines():
            if '"serving"' in line and line.endswith("}"):
                return f"http://127.0.0.1:{json.loads(line)['port']}"
        child.check()
        time.sleep(0.05)
    raise DemoError(f"{child.name} listens on no port after {_START_SECONDS:.0f} s.", child.log)


def _wait_until_ready(service: Service) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with httpx.Client(timeout=10, trust_env=False) as client:
        while time.monotonic() < deadline:
            service.child.check()
            response = client.get(f"{service.url}/health/ready")
            if response.status_code == 200:
                return
            time.sleep(0.1)
    raise DemoError(f"{service.child.name} is not ready after {_START_SECONDS:.0f} s.", service.child.log)

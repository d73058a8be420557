"""PostgreSQL's faults as the kernel's. The driver's texts may quote values of rows, so none is passed on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from ingestion_kernel.application.helpers.interruption import reason_to_drop
from ingestion_kernel.domain.exceptions import (
    ConfigurationInvalid,
    IngestionError,
    SourceAccessDenied,
    SourceDataInvalid,
    SourceUnavailable,
)

from database_ingestion.domain.exceptions import SnapshotLost

_SLOW = "Raise DB_STATEMENT_TIMEOUT_SECONDS, lower DB_BATCH_MAX_ROWS, or index the cursor column."
_LOCKED = "Another session holds the table (ALTER, VACUUM FULL?); raise DB_LOCK_TIMEOUT_SECONDS or try again later."
_LOST = "Check that the database is up and reachable; the next run continues where this one stopped."
_RIGHTS = "Grant this login CONNECT on the database, USAGE on the schema and SELECT on the table."

#: SQLSTATE or its beginning (https://www.postgresql.org/docs/current/errcodes-appendix.html) -> fault, text, advice.
_BY_STATE: dict[str, tuple[type[IngestionError], str, str | None]] = {
    "28": (SourceAccessDenied, "the database refuses the login", None),
    "42501": (SourceAccessDenied, "the login has no right to read the table", _RIGHTS),
    "42P01": (ConfigurationInvalid, "the table does not exist", "Correct DB_TABLE."),
    "3F000": (ConfigurationInvalid, "the schema does not exist", "Correct DB_TABLE."),
    "3D000": (ConfigurationInvalid, "the database does not exist", "Correct DATABASE_URL."),
    "42": (ConfigurationInvalid, "the database cannot run the query", None),
    "40": (SnapshotLost, "the database gave up the snapshot, as by a conflict with recovery on a standby", None),
    "08": (SnapshotLost, "the connection was lost", _LOST),
    "57P": (SnapshotLost, "the database ended the connection", _LOST),
    "57014": (SourceUnavailable, "the database cancelled the query: it took too long", _SLOW),
    "55P03": (SourceUnavailable, "the table stayed locked", _LOCKED),
    "22": (SourceDataInvalid, "the database cannot convert a value of the table or view", None),
}

#: libpq gives no SQLSTATE for a failed connection, only the server's text in the server's language (en, pt_BR).
_BY_CONNECT_TEXT: tuple[tuple[str, type[IngestionError], str, str | None], ...] = (
    (r"password authentication failed|autentica..o .*falhou", SourceAccessDenied, "refuses the password", None),
    (r"no password supplied|authentication", SourceAccessDenied, "refuses the login", None),
    (r"pg_hba\.conf", SourceAccessDenied, "refuses connections from here or without TLS", None),
    (
        r'role ".*" (does not exist|is not permitted)|permission denied',
        SourceAccessDenied,
        "refuses the login",
        _RIGHTS,
    ),
    (r'database ".*" does not exist', ConfigurationInvalid, "has no such database", "Correct DATABASE_URL."),
    (r"could not translate host name", SourceUnavailable, "has a host name that cannot be resolved", None),
    (r"Connection refused", SourceUnavailable, "refuses connections: nothing listens there", None),
    (r"No such file or directory", SourceUnavailable, "has no such socket", None),
    (r"timeout expired|timed out", SourceUnavailable, "does not answer in time", None),
    (
        r"certificate|SSL",
        SourceUnavailable,
        "fails the TLS handshake",
        "Check sslmode and sslrootcert in DATABASE_URL.",
    ),
    (r"too many (clients|connections)|remaining connection slots", SourceUnavailable, "has no free connection", None),
)


def connect_fault(error: psycopg2.Error, place: str) -> IngestionError:
    """The fault of a connection that failed; `place` is host and port, without login."""
    text = str(error)
    for pattern, fault, what, advice in _BY_CONNECT_TEXT:
        if re.search(pattern, text, re.IGNORECASE):
            return fault(f"the database at {place} {what}", advice=advice)
    return SourceUnavailable(f"cannot connect to the database at {place}")


def query_fault(error: psycopg2.Error, table: str) -> IngestionError:
    """The fault of a query that failed; names the table and the SQLSTATE."""
    state = error.pgcode
    if state is None:
        return SnapshotLost(f"the connection to the database was lost while {table} was read", advice=_LOST)
    fault, what, advice = _BY_STATE.get(state) or _BY_STATE.get(state[:3]) or _BY_STATE.get(state[:2]) or _OTHER
    return fault(f"{table}: {what} (SQLSTATE {state})", advice=advice)


_OTHER: tuple[type[IngestionError], str, str | None] = (SourceUnavailable, "the database failed", None)


@contextmanager
def query_faults(table: str) -> Iterator[None]:
    """Turns what psycopg2 raises into `query_fault`, or into why the run ended the query itself."""
    try:
        yield
    except psycopg2.Error as error:
        raise reason_to_drop() or query_fault(error, table) from None

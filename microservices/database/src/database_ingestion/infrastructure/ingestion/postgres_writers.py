"""How far a cursor of numbers can be trusted: a number may be drawn early and committed late.

A sequence hands out 5 to one transaction and 6 to another; if 6 is committed first, a run that takes it would never
look at 5 again. No catalog tells which numbers are still out, but every number up to the highest one that is committed
was drawn by a transaction that was open by then. So the highest value is read first, then each transaction that is
open now is waited for, as CREATE INDEX CONCURRENTLY does, and then the snapshot is taken: it shows every row up to that
value. pg_locks shows all transactions to every login. (Kinds that are times use `postgres_horizon`, which never waits.)

One that writes holds a lock on its transaction id and is waited for; one without has written nothing. It might have
drawn a number an instant ago without having written its row yet, so all are given a second to show themselves.

Not covered: numbers that the application draws outside of the transaction that writes them, or from a sequence with a
CACHE; rows changed without a new number. For the first two set DB_CURSOR_LAG_NUMBERS.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingestion_kernel.application.helpers.interruption import pause
from ingestion_kernel.domain.exceptions import ConfigurationInvalid, SourceUnavailable
from psycopg2 import sql
from psycopg2.extensions import connection as Psycopg2Connection
from psycopg2.extensions import cursor as Psycopg2Cursor

from database_ingestion.infrastructure.ingestion.postgres_catalog import PostgresTable

_GRACE_SECONDS = 1.0
_LOOK_SECONDS = 0.05
_WAIT_ADVICE = (
    "End the transactions that stay open, raise DB_WRITER_WAIT_SECONDS, or set DB_CURSOR_LAG_NUMBERS to how many"
    " numbers may be out at a time."
)
_STANDBY_ADVICE = "Set DB_CURSOR_LAG_NUMBERS to how many numbers may be out at a time, or read the primary."

# virtualtransaction names a transaction for its life; bool_or: does it hold a transaction id, that is, has it written?
# A prepared transaction has no process any more.
_OPEN = """
SELECT l.virtualtransaction, bool_or(l.locktype = 'transactionid')
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE a.datname = current_database() AND l.pid <> pg_backend_pid() AND l.mode = 'ExclusiveLock' AND l.granted
  AND l.locktype IN ('virtualxid', 'transactionid') AND coalesce(a.backend_type, '') <> 'autovacuum worker'
GROUP BY 1
UNION ALL SELECT transaction::text, true FROM pg_prepared_xacts WHERE database = current_database()
"""


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """How to find what is settled.

    Attributes:
        lag: numbers to stay below the highest one instead of waiting; None to wait.
        wait_seconds: for writers that are open now.
        pin: prepares a transaction: timeouts, and how numbers are written.
    """

    lag: int | None
    wait_seconds: float
    pin: Callable[[Psycopg2Cursor], None]


def highest_settled(
    connection: Psycopg2Connection,
    table: PostgresTable,
    column: str,
    options: WriterOptions,
) -> str | None:
    """The highest value up to which a snapshot taken from now on misses nothing; None if no row has a value.

    Args:
        connection: in no transaction; it is in none afterwards.
        table, column: the cursor; numbers or text.
        options: how to find it.

    Raises:
        SourceUnavailable: a writer stayed open for longer.
        ConfigurationInvalid: a standby, which does not know the primary's transactions, and no lag.
        psycopg2.Error: the database fails.
    """
    name, place = sql.Identifier(column), sql.Identifier(table.schema, table.name)
    unordered = table.column(column).unordered(name)
    lag = options.lag
    with connection, connection.cursor() as cursor:
        options.pin(cursor)
        if lag is None:
            cursor.execute("SELECT pg_is_in_recovery()")
            if cursor.fetchall()[0][0]:
                raise ConfigurationInvalid("a standby cannot tell which numbers are still out", advice=_STANDBY_ADVICE)
        value = "(max({name}) - {lag})::text" if lag else "max({name})::text"
        query = sql.SQL(f"SELECT {value} FROM {{place}} WHERE NOT {{unordered}}")
        cursor.execute(query.format(name=name, lag=sql.Literal(lag), place=place, unordered=unordered))
        highest = cursor.fetchall()[0][0]
    if highest is not None and lag is None:
        _wait_for_writers(connection, options.wait_seconds)
    return None if highest is None else str(highest)


def _wait_for_writers(connection: Psycopg2Connection, wait_seconds: float) -> None:
    began = time.monotonic()
    waited_for = set(_open_transactions(connection))
    while waited_for:
        still = _open_transactions(connection)
        waited = time.monotonic() - began
        waited_for = {one for one in waited_for & still.keys() if still[one] or waited < _GRACE_SECONDS}
        if waited_for and waited >= max(wait_seconds, _GRACE_SECONDS):
            text = (
                f"{len(waited_for)} transactions have been writing for over {wait_seconds:g} s, with numbers still out"
            )
            raise SourceUnavailable(text, advice=_WAIT_ADVICE)
        if waited_for:
            pause(_LOOK_SECONDS)


def _open_transactions(connection: Psycopg2Connection) -> dict[str, bool]:
    """Each open transaction of this database but our own, and whether it has written."""
    with connection, connection.cursor() as cursor:
        cursor.execute(_OPEN)
        return dict(cursor.fetchall())

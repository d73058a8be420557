"""How far a time cursor can be trusted: a row may be committed late, with an earlier time than rows already seen.

`now()` is when a transaction began. One that began at 12:00:00 and commits at 12:00:10 adds a row dated 12:00:00; a
run at 12:00:05 that took rows up to 12:00:04 would never look there again. So a run reads only up to the instant
before which nobody can still write: the start of the oldest open transaction. That is asked *before* the snapshot is
taken, and our own question counts as an open transaction, so that whoever begins in between lies beyond it. An open
transaction counts even if it has not written yet: it still may, with its early `now()`.

Not covered: times made by the application's clock, prepared transactions, and cursors that are no time. For the first
two set DB_CURSOR_LAG_SECONDS.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg2.extensions import cursor as Psycopg2Cursor

#: Held back where other sessions' transactions cannot be seen, in seconds.
BLIND_LAG_SECONDS = 300.0

# Every transaction holds a lock on its own virtual id, and pg_locks shows that to everyone; when it began, and even the
# backend's type, is shown only to its owner and to pg_read_all_stats (hence coalesce). Autovacuum has no user and adds
# no rows. A standby does not show the primary's transactions at all.
_QUESTION = """
SELECT now(), current_setting('TimeZone'),
  min(a.xact_start),
  pg_is_in_recovery() OR coalesce(bool_or(a.xact_start IS NULL AND a.usesysid IS NOT NULL AND a.pid IN (
    SELECT pid FROM pg_locks WHERE locktype = 'virtualxid' AND mode = 'ExclusiveLock')), false)
FROM pg_stat_activity a
WHERE a.datname = current_database() AND coalesce(a.backend_type, '') NOT IN ('autovacuum worker', 'walsender')
"""


@dataclass(frozen=True, slots=True)
class Horizon:
    """What was seen before the snapshot.

    Attributes:
        safe: no transaction that is yet to commit began before this instant.
        blind: some transactions could not be seen, so `safe` relies on the lag.
        time_zone: the session's own, before it was pinned: what `now()` means in a timestamp without time zone.
    """

    safe: datetime
    blind: bool
    time_zone: str


def look(cursor: Psycopg2Cursor, lag_seconds: float | None) -> Horizon:
    """Ask for the horizon. To be called in a transaction of its own, which ends before the snapshot is taken.

    Args:
        cursor: of the connection that will take the snapshot.
        lag_seconds: held back in any case; None to hold back only where transactions cannot be seen.
    """
    cursor.execute(_QUESTION)
    row = cursor.fetchone()
    assert row is not None  # an aggregate always has one row
    now, time_zone, oldest, blind = row
    if lag_seconds is None:
        lag_seconds = BLIND_LAG_SECONDS if blind else 0.0
    safe = min(oldest or now, now - timedelta(seconds=lag_seconds))
    return Horizon(safe, blind, time_zone)

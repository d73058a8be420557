"""Ends a wait for PostgreSQL without asking PostgreSQL, which may be what does not answer."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

import psycopg2
from psycopg2.extensions import connection as Psycopg2Connection
from psycopg2.extensions import cursor as Psycopg2Cursor

#: How soon the database sees that we have hung up on a query that writes nothing to us, as one that waits for a lock.
_NOTICED_AFTER = "2s"

# PostgreSQL 14 knows it, on Linux and few other systems: where it cannot look, it refuses the setting.
_NOTICE = """
SELECT set_config(%(name)s, %(after)s, true)
WHERE current_setting(%(name)s, true) IS NOT NULL AND version() LIKE '%%linux%%'
"""


def hang_up(connection: Psycopg2Connection) -> None:
    """End whatever waits on `connection`, at once and from any thread; it is of no use then. Never raises.

    `connection.cancel()` opens another connection and waits for its end, with no bound but TCP's: two minutes where the
    host is gone, for ever where it hangs. psycopg2 keeps Python's lock meanwhile, so that no thread of this process
    would run, not even the one that is to see to the bound of its end.
    """
    with suppress(psycopg2.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def let_hang_up_be_noticed(cursor: Psycopg2Cursor) -> None:
    """For the present transaction: the database ends a query within seconds once we have hung up.

    Else it does so once it writes to us, or by its time-outs.

    Raises:
        psycopg2.Error: the database fails.
    """
    cursor.execute(_NOTICE, {"name": "client_connection_check_interval", "after": _NOTICED_AFTER})

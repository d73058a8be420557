"""One view of a table for a whole run, of databases other than PostgreSQL."""

from __future__ import annotations

from sqlalchemy import Connection

#: Dialects whose snapshot is known, and the level that takes one and blocks nobody. REPEATABLE READ by itself promises
#: less: SQL Server and Db2 keep a lock on each row that was read until the run ends, and let new rows in all the same.
_LEVELS = {"mysql": "REPEATABLE READ", "mariadb": "REPEATABLE READ", "mssql": "SNAPSHOT"}

_ALLOWED_IN_MSSQL = "SELECT snapshot_isolation_state FROM sys.databases WHERE database_id = DB_ID()"


def freeze(connection: Connection) -> bool:
    """Take one view of the table for the whole run; False where that cannot be had.

    Without it nothing is lost either: the windows' ends are fixed first, and a row that changes meanwhile moves
    behind them, into the next run.

    Raises:
        SQLAlchemyError: the database fails.
    """
    name = connection.dialect.name
    if name == "sqlite":  # its driver begins a transaction only before a write
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("BEGIN")
        return True
    level = _LEVELS.get(name)
    if level is None or (name == "mssql" and not _allowed_in_mssql(connection)):
        return False
    connection.execution_options(isolation_level=level)
    return True


def _allowed_in_mssql(connection: Connection) -> bool:
    """SQL Server takes the level in any case, and then refuses the first query if the database does not allow it."""
    state = connection.exec_driver_sql(_ALLOWED_IN_MSSQL).scalar()
    connection.rollback()  # a level is set before its transaction begins
    return state == 1

"""Which databases can show one table at one instant, and how each is asked for it. None of them runs here."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Self

import pytest
from database_ingestion.infrastructure.ingestion.any_freeze import freeze
from sqlalchemy import make_url


@dataclass
class FakeConnection:
    """A SQLAlchemy connection as far as it is used; like a true one it takes no level amid a transaction."""

    dialect: Any
    allowed: int
    level: str | None = None
    busy: bool = False

    def execution_options(self, isolation_level: str) -> Self:
        assert not self.busy and isolation_level in self.dialect.get_isolation_level_values(None)
        self.level = isolation_level
        return self

    def exec_driver_sql(self, statement: str) -> Self:
        assert "snapshot_isolation_state" in statement
        self.busy = True
        return self

    def scalar(self) -> int:
        return self.allowed

    def rollback(self) -> None:
        self.busy = False


def dialect_of(name: str) -> Any:
    """SQLAlchemy's own, which knows its levels."""
    if name == "ibm_db_sa":  # Db2's is not at hand; its REPEATABLE READ locks, too
        return SimpleNamespace(name=name, get_isolation_level_values=lambda connection: ["REPEATABLE READ"])
    return make_url(f"{name}://").get_dialect()()


@pytest.mark.parametrize(
    ("name", "allowed", "level"),
    [
        ("mysql+pymysql", 1, "REPEATABLE READ"),
        ("mariadb+pymysql", 1, "REPEATABLE READ"),
        ("mssql+pyodbc", 1, "SNAPSHOT"),
        ("mssql+pyodbc", 0, None),
        ("oracle+oracledb", 1, None),
        ("ibm_db_sa", 1, None),
    ],
)
def test_a_view_that_holds_up_no_writer_or_none(name: str, allowed: int, level: str | None) -> None:
    connection = FakeConnection(dialect_of(name), allowed)
    assert freeze(connection) is (level is not None)  # type: ignore[arg-type]
    assert (connection.level, connection.busy) == (level, False)

"""SQLAlchemy's faults as the kernel's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ingestion_kernel.domain.exceptions import (
    ConfigurationInvalid,
    IngestionError,
    SourceDataInvalid,
    SourceUnavailable,
)
from sqlalchemy.exc import DataError, NoSuchTableError, SQLAlchemyError

from database_ingestion.domain.table import TableName

_ADVICE = "Check that the database is up and reachable, and that the login may read the table."


@contextmanager
def faults(table: TableName) -> Iterator[None]:
    """Turns what SQLAlchemy raises into the kernel's faults; its texts may quote values and are not passed on."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _fault(error, table) from None


def _fault(error: SQLAlchemyError, table: TableName) -> IngestionError:
    if isinstance(error, NoSuchTableError):
        return ConfigurationInvalid(f"the database has no table {table}", advice="Correct DB_TABLE.")
    if isinstance(error, DataError) or "Could not decode to UTF-8" in str(error):
        return SourceDataInvalid(f"{table}: the driver cannot convert a value of the table")
    return SourceUnavailable(f"{table} cannot be read ({type(error).__name__})", advice=_ADVICE)

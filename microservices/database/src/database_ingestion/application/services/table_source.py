"""The kernel's `Source` over a table: incremental on a cursor column, or full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from ingestion_kernel.domain.batch import Mode, Watermark
from ingestion_kernel.domain.ports.source import PendingBatch

from database_ingestion.application.services.table_plan import TablePlan
from database_ingestion.application.services.table_settings import TableSettings, cursor_of, form_of
from database_ingestion.domain.ports.database import Database


class TableSource:
    """See `ingestion_kernel.domain.ports.source.Source`."""

    name = "database"

    def __init__(self, database: Database, settings: TableSettings) -> None:
        self._database = database
        self._settings = settings
        self.modes = frozenset({Mode.FULL, Mode.INCREMENTAL} if settings.cursor_column else {Mode.FULL})

    @contextmanager
    def pending(self, mode: Mode, watermark: Watermark | None) -> Iterator[Iterator[PendingBatch]]:
        """See `Source`. Connects when the first batch is asked for."""
        with closing(TablePlan(self._database, self._settings, mode, watermark).batches()) as batches:
            yield batches

    def take_rejected_inputs(self) -> int:
        """See `Source`: rows of a table are never set aside here."""
        return 0

    def check(self) -> None:
        """See `Source`: connects and looks at the columns."""
        with self._database.snapshot(self._settings.table) as snapshot:
            form_of(snapshot, self._settings)
            if self._settings.cursor_column:
                cursor_of(snapshot, self._settings)

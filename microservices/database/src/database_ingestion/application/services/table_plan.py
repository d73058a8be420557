"""Cuts what is to be read of a table into batches, bounded by rows and bytes, over as many snapshots as it takes."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Generator, Iterator

from ingestion_kernel.application.helpers.interruption import pause_before_retry
from ingestion_kernel.domain.batch import Mode, Watermark
from ingestion_kernel.domain.exceptions import SourceDataInvalid

from database_ingestion.application.services.table_batch import BatchPlan, TableBatch
from database_ingestion.application.services.table_settings import (
    NullCursors,
    TableSettings,
    cursor_of,
    form_of,
    guarded_column,
)
from database_ingestion.domain.exceptions import SnapshotLost
from database_ingestion.domain.ports.database import Database, TableSnapshot
from database_ingestion.domain.record import RecordForm
from database_ingestion.domain.slices import (
    TIME_KINDS,
    AllRows,
    Blocks,
    Cursor,
    Position,
    Unordered,
    Window,
    start_after,
    watermark_of,
)

_LOG = logging.getLogger(__name__)
_ROOM = 0.9  # of DB_BATCH_MAX_BYTES is aimed at, as rows differ


class TablePlan:
    """The batches of one run. It goes on behind the last batch that was taken, in a new snapshot if it must.

    Args:
        database, settings: where the rows are.
        mode: everything, or what is new since `watermark`.
        pause: sleeps for so many seconds.
    """

    def __init__(
        self,
        database: Database,
        settings: TableSettings,
        mode: Mode,
        watermark: Watermark | None,
        pause: Callable[[float], None] = pause_before_retry,
    ) -> None:
        self._database = database
        self._settings = settings
        self._mode = mode
        self._watermark = watermark
        self._pause = pause
        self._target = settings.batch_rows
        self._after: Position | None = None

    def batches(self) -> Generator[TableBatch]:
        """The batches, oldest first. Each must be extracted before the next one is asked for.

        Raises:
            IngestionError: the database fails, or gave up too many snapshots in a row.
        """
        lost = 0
        while True:
            try:
                with self._database.snapshot(self._settings.table, self._guard()) as snapshot:
                    for batch in self._of(snapshot):
                        yield batch
                        if batch.lost:
                            raise batch.lost
                        lost = 0
                return
            except SnapshotLost as fault:
                lost += 1
                if lost >= self._settings.snapshots:
                    raise
                _LOG.warning("%s; going on behind the last batch in a new snapshot", fault.message)
                self._pause(random.uniform(0, 2.0**lost))

    def _guard(self) -> str | None:
        return guarded_column(self._settings) if self._mode is Mode.INCREMENTAL else None

    def _of(self, snapshot: TableSnapshot) -> Iterator[TableBatch]:
        form = form_of(snapshot, self._settings)
        if self._mode is Mode.INCREMENTAL:
            yield from self._incremental(snapshot, form)
            return
        heap = snapshot.heap() if self._settings.parallel > 1 else None
        if heap is not None:
            yield from self._by_blocks(snapshot, form, max(1, int(self._settings.batch_rows / heap.rows_per_block)))
        elif snapshot.key:
            yield from self._along_the_key(snapshot, form)
        else:
            yield TableBatch(snapshot, form, BatchPlan(AllRows(), None))

    def _incremental(self, snapshot: TableSnapshot, form: RecordForm) -> Iterator[TableBatch]:
        table, cursor = str(self._settings.table), cursor_of(snapshot, self._settings)
        if self._after is None:
            self._after = start_after(self._watermark, table, cursor)
            if self._watermark is not None and self._after is None:
                _LOG.warning("the newest batch has another cursor: reading the table from its first row")
        without = self._without_cursor(snapshot, cursor)
        limit = snapshot.limit(cursor)
        held_back = snapshot.held_back(cursor, limit) if limit is not None else 0
        if held_back:
            _LOG.info("%d rows are too new to be safe from late commits and wait for the next run", held_back)

        def plan(window: Window, max_bytes: int | None) -> BatchPlan:
            details = {
                "cursor_after": list(window.after) if window.after else None,
                "rows_held_back": held_back,
                "rows_without_cursor": without,
            }
            end = watermark_of(table, cursor, window.upto)
            if cursor.kind in TIME_KINDS:  # how far the rows reach, for the lag that telemetry shows
                end = {**end, "as_of": window.upto[0]}
            return BatchPlan(window, max_bytes, end, details)

        yield from self._windows(snapshot, form, cursor, limit, plan)
        if without and self._settings.null_cursors is NullCursors.TAKE:
            yield TableBatch(snapshot, form, BatchPlan(Unordered(cursor), None))

    def _without_cursor(self, snapshot: TableSnapshot, cursor: Cursor) -> int:
        found = snapshot.count(Unordered(cursor)) if cursor.nullable else 0
        if not found:
            return 0
        text = f"{found} rows of {self._settings.table} have no usable cursor (NULL, NaN or infinite)"
        if self._settings.null_cursors is NullCursors.REFUSE:
            advice = f"Fill {cursor.column!r} in the source, or set DB_NULL_CURSORS to take or ignore."
            raise SourceDataInvalid(text, advice=advice)
        ignored = self._settings.null_cursors is NullCursors.IGNORE
        _LOG.warning("%s; %s", text, "they are ignored" if ignored else "they go into a batch of their own")
        return found

    def _along_the_key(self, snapshot: TableSnapshot, form: RecordForm) -> Iterator[TableBatch]:
        cursor = snapshot.cursor(snapshot.key[0], snapshot.key[1:])
        yield from self._windows(snapshot, form, cursor, None, BatchPlan)
        if cursor.nullable and snapshot.count(Unordered(cursor)):
            yield TableBatch(snapshot, form, BatchPlan(Unordered(cursor), None))

    def _windows(
        self,
        snapshot: TableSnapshot,
        form: RecordForm,
        cursor: Cursor,
        limit: str | None,
        plan: Callable[[Window, int | None], BatchPlan],
    ) -> Iterator[TableBatch]:
        """Windows of `_target` rows. One with too many bytes is cut anew with fewer; the smallest goes whole."""
        failed: Position | None = None
        while (upto := snapshot.end_of_window(cursor, self._after, limit, self._target)) is not None:
            if upto == failed and self._target > 1:
                self._target = 1
                continue
            whole = upto == failed
            if whole:
                _LOG.warning("rows with one and the same cursor exceed DB_BATCH_MAX_BYTES; set DB_CURSOR_TIE_BREAKER")
            window = Window(cursor, self._after, upto)
            batch = TableBatch(snapshot, form, plan(window, None if whole else self._settings.batch_bytes))
            yield batch
            self._adapt(batch)
            failed = upto if batch.too_big else None
            if not (batch.too_big or batch.lost):
                self._after = upto

    def _by_blocks(self, snapshot: TableSnapshot, form: RecordForm, step: int) -> Iterator[TableBatch]:
        """Ranges of blocks, the last one open: the heap's order costs no sort and no index."""
        heap = snapshot.heap()
        first = 0
        while heap is not None:
            end = first + step if first + step < heap.blocks else None
            rows = Blocks(first, end, self._settings.parallel)
            smallest = step == 1
            batch = TableBatch(snapshot, form, BatchPlan(rows, None if smallest else self._settings.batch_bytes))
            yield batch
            if batch.too_big:
                step = max(1, min(step, heap.blocks - first) // 2)
            elif end is None:
                return
            else:
                first = end

    def _adapt(self, batch: TableBatch) -> None:
        """Aim at as many rows as fit, by the bytes that the last ones had."""
        rows, size = batch.taken
        if batch.too_big:
            self._target = max(1, min(self._target // 2, int(rows * _ROOM)))
        elif rows and not batch.lost:
            fitting = int(self._settings.batch_bytes * _ROOM * rows / size)
            self._target = max(1, min(self._settings.batch_rows, fitting))

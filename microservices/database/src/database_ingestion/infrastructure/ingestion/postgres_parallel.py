"""Several connections read one batch, each its range of blocks, all in one exported snapshot.

Their pieces are taken in turn, so the same table gives the same bytes, whichever connection is faster.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import Full, Queue

from ingestion_kernel.domain.ports.source import RecordSink
from psycopg2 import sql
from psycopg2.extensions import connection as Psycopg2Connection

from database_ingestion.domain.slices import Blocks
from database_ingestion.infrastructure.ingestion.postgres_copy import Lines, Rows
from database_ingestion.infrastructure.ingestion.postgres_hang_up import hang_up

_AHEAD = 4  # pieces that a connection may be ahead, each of 64 KiB or one fat row
_LOOK_SECONDS = 0.1


def shares_of(rows: Blocks, blocks: int) -> list[Blocks]:
    """The range cut into `rows.parts` even ones, or one a block if it has fewer; the last one ends where it does."""
    size = max(1, (blocks if rows.end is None else rows.end) - rows.first)
    parts = min(rows.parts, size)
    starts = [rows.first + size * number // parts for number in range(parts)]
    return [Blocks(start, end, 1) for start, end in zip(starts, [*starts[1:], rows.end], strict=True)]


def copy_in_parallel(
    connections: Sequence[Psycopg2Connection], statements: Sequence[sql.Composed], strategy: Rows, sink: RecordSink
) -> int:
    """Run each COPY on a connection of its own and write all rows to `sink`, from this thread.

    Raises:
        psycopg2.Error: a connection fails; the others are stopped.
    """
    stop = threading.Event()
    readers = [
        _Reader(connection, statement, strategy, stop)
        for connection, statement in zip(connections, statements, strict=False)
    ]
    for reader in readers:
        reader.start()
    try:
        running = list(readers)
        while running:
            for reader in list(running):
                piece = reader.next_piece()
                if piece is None:
                    running.remove(reader)
                else:
                    sink.write(*piece)
    finally:
        stop.set()
        for reader in readers:
            reader.end()
    return sum(reader.rows for reader in readers)


class _Stopped(Exception):
    """Nobody takes the pieces any more."""


class _Reader(threading.Thread):
    """One COPY. It is the sink of its `Lines`."""

    def __init__(
        self, connection: Psycopg2Connection, statement: sql.Composed, strategy: Rows, stop: threading.Event
    ) -> None:
        super().__init__(name="database-copy", daemon=True)
        self._connection = connection
        self._statement = statement
        self._strategy = strategy
        self._stopping = stop
        self._pieces: Queue[tuple[bytes, int] | None] = Queue(_AHEAD)
        self._failure: Exception | None = None
        self.rows = 0

    def run(self) -> None:
        """Read to the end, or until nobody wants more."""
        try:
            lines = Lines(self._strategy, self)
            with self._connection.cursor() as cursor:
                cursor.copy_expert(self._statement, lines)
                lines.flush()
                self.rows = cursor.rowcount
        except _Stopped:
            pass
        except Exception as error:  # of any kind: the thread that waits for the pieces raises it
            self._failure = error
        with suppress(_Stopped):
            self._put(None)

    def write(self, data: bytes, rows: int = 1) -> None:
        """See `RecordSink`."""
        self._put((data, rows))

    def next_piece(self) -> tuple[bytes, int] | None:
        """The next rows; None at the end."""
        piece = self._pieces.get()
        if piece is None and self._failure is not None:
            raise self._failure
        return piece

    def end(self) -> None:
        """Stop the COPY if it still runs; its connection is of no use then."""
        if self.is_alive():
            hang_up(self._connection)
        self.join()

    def _put(self, piece: tuple[bytes, int] | None) -> None:
        while not self._stopping.is_set():
            with suppress(Full):
                self._pieces.put(piece, timeout=_LOOK_SECONDS)
                return
        raise _Stopped

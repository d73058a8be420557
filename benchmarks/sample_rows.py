"""The demo's synthetic rows, as each source writes them; multiplied where more are wanted."""

from __future__ import annotations

from collections.abc import Iterator

from customer_contract import load_contract
from demo.shares import SourceName
from demo.synthetic import Synthesizer

SEED = 7


def source_rows(count: int) -> Iterator[tuple[str, list[str | None]]]:
    """About `count` rows over all sources: the source's name and the texts in contract order."""
    width = len(load_contract().column_names)
    maker = Synthesizer(count, SEED)
    for source in SourceName:
        for row in maker.rows(source):
            yield source.value, [None if cell is None else str(cell) for cell in row[:width]]

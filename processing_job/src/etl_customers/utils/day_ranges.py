"""Which values of a column some rows have, as a few ranges: a filter by which Delta passes over files without them.

https://docs.delta.io/latest/optimizations-oss.html ("Data skipping"): by the least and the greatest value of each file.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

#: More would make the filter dearer than what it saves.
_MOST_RANGES = 16
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DayRanges:
    """Days from `first` to `last`, in ascending order; `null`: or none."""

    ranges: tuple[tuple[date, date], ...]
    null: bool

    @classmethod
    def of(cls, frame: DataFrame, column: str) -> DayRanges:
        """Those of a column of dates, in one query; as few ranges as pass over the longest gaps between its days."""
        days = {row[0] for row in frame.select(column).distinct().collect()}
        return cls(_ranges(sorted(days - {None})), None in days)

    def months(self) -> DayRanges:
        """The whole months of these days."""
        whole = [(first.replace(day=1), _month_end(last)) for first, last in self.ranges]
        return DayRanges(tuple(whole), self.null)

    def hold(self, column: Column) -> Column:
        """True for the values that lie within; NULL or false for others."""
        within = [column.between(F.lit(first), F.lit(last)) for first, last in self.ranges]
        either = [*within, column.isNull()] if self.null else within
        return reduce(or_, either) if either else F.lit(False)


def _ranges(days: list[date]) -> tuple[tuple[date, date], ...]:
    gaps = sorted(range(1, len(days)), key=lambda at: days[at] - days[at - 1], reverse=True)
    cuts = sorted(at for at in gaps[: _MOST_RANGES - 1] if days[at] - days[at - 1] > _DAY)
    starts, ends = [0, *cuts], [*cuts, len(days)]
    return tuple((days[start], days[end - 1]) for start, end in zip(starts, ends)) if days else ()


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])

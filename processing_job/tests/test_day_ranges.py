"""Days as ranges: they pass over what lies between, and hold every day they were made of."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from etl_customers.utils import day_ranges
from etl_customers.utils.day_ranges import DayRanges

_DAY = timedelta(days=1)
_FIRST, _MARCH = date(2025, 1, 31), date(2025, 3, 31)


@pytest.mark.parametrize("null", (False, True))
def test_they_hold_the_days_they_were_made_of_and_no_day_of_a_gap(spark: SparkSession, null: bool) -> None:
    days = [_FIRST, _FIRST + _DAY, _MARCH]
    frame = spark.createDataFrame([(day,) for day in [*days, *([None] if null else [])]], "day date")
    found = DayRanges.of(frame, "day")
    assert found == DayRanges(((_FIRST, _FIRST + _DAY), (_MARCH, _MARCH)), null)
    asked = spark.createDataFrame([(day,) for day in [*days, None, date(2025, 3, 1)]], "day date")
    held = {row["day"] for row in asked.where(found.hold(F.col("day"))).collect()}
    assert held == {*days, *([None] if null else [])}


def test_of_many_gaps_the_longest_are_passed_over(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day_ranges, "_MOST_RANGES", 2)
    days = [_FIRST, _FIRST + 3 * _DAY, _FIRST + 100 * _DAY, _FIRST + 102 * _DAY]
    found = DayRanges.of(spark.createDataFrame([(day,) for day in days], "day date"), "day")
    assert found.ranges == ((days[0], days[1]), (days[2], days[3]))


def test_no_rows_have_no_days(spark: SparkSession) -> None:
    found = DayRanges.of(spark.createDataFrame([], "day date"), "day")
    assert found == DayRanges((), False)
    assert spark.createDataFrame([(_FIRST,), (None,)], "day date").where(found.hold(F.col("day"))).isEmpty()


def test_whole_months_end_on_their_last_day() -> None:
    whole = DayRanges(((date(2024, 2, 10), date(2024, 2, 11)), (date(2025, 12, 31), date.max)), True).months()
    assert whole.ranges == ((date(2024, 2, 1), date(2024, 2, 29)), (date(2025, 12, 1), date.max))
    assert whole.null

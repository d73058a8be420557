"""What the summary makes of a row that Spark gives: no Spark is needed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql.types import TimestampType

from etl_customers import summary

_AT = datetime(2025, 4, 1, 12, 0, 0, 250, UTC)


@pytest.fixture(params=["America/Sao_Paulo", "UTC", "Asia/Kolkata"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """That of the machine."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_times_of_the_sample_are_utc_wherever_the_machine_is(zone: str) -> None:
    at = TimestampType().fromInternal(int(_AT.timestamp()) * 1_000_000 + 250)  # as PySpark does what it collects
    row: dict[str, Any] = {"cpf": "********119", "purchases": 2, "sources": ["api"], "first_event_at": at, "day": None}
    row |= {"lineage": {"cpf": {"source": "api", "event_at": at}, "email": None}, "birthday": date(1990, 5, 1)}
    told = _AT.isoformat()
    assert summary.in_utc(row) == row | {
        "first_event_at": told,
        "lineage": {"cpf": {"source": "api", "event_at": told}, "email": None},
    }, zone


def test_the_hour_that_comes_twice_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Lisbon")
    time.tzset()
    twice = [datetime(2025, 10, 26, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    given = [TimestampType().fromInternal(int(at.timestamp()) * 1_000_000) for at in twice]
    assert given[0] == given[1], "by the clock on the wall"
    assert summary.in_utc(given) == [at.isoformat() for at in twice]
    monkeypatch.undo()
    time.tzset()

"""What a contract may say of dates and times is held to Spark: what it takes Spark reads by, what it refuses not."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from customer_contract.time_formats import LENGTHS, pattern_fault, zone_fault
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

_OTHER_LETTERS = "ABEFITQYWceilqtuw"
_SIGNS = ("yyyy'', MM", "'T''T' yyyy", "yyyy[-MM[-dd]]", "yyyy[", "yyyy年", "yyyy'M", "yyyy]", "{yyyy}", "yyyy#")
_ZONES = "Z UT UTC UTC-3 -03 -0300 -03:00:00 +3:00 +03:0 +18:00 BET America/Sao_Paulo".split()
_NO_ZONES = "z utc +19 +03:60 +18:01 UTCZ America America/SaoPaulo".split()


def _read_by(spark: SparkSession, columns: Iterable[Column]) -> bool:
    """Whether Spark can."""
    try:
        spark.sql("VALUES ('no date', timestamp'2025-04-01 12:00:00') AS row(text, at)").select(*columns).collect()
    except (PySparkException, Py4JJavaError):
        return False
    return True


def _dates(*patterns: str) -> list[Column]:
    return [F.try_to_timestamp("text", F.lit(pattern)) for pattern in patterns]


def test_letters(spark: SparkSession) -> None:
    taken = [letter * length for letter, lengths in LENGTHS.items() for length in lengths]
    assert _read_by(spark, _dates(*taken))
    too_long = [letter * (max(lengths) + 1) for letter, lengths in LENGTHS.items()]
    refused = [f"yyyy MM {letters}" for letters in (*_OTHER_LETTERS, *too_long, "V", "vv")]
    assert [each for each in refused if pattern_fault(each) is None or _read_by(spark, _dates(each))] == []


@pytest.mark.parametrize("pattern", _SIGNS)
def test_signs(spark: SparkSession, pattern: str) -> None:
    assert _read_by(spark, _dates(pattern)) == (pattern_fault(pattern) is None)


def test_time_zones(spark: SparkSession) -> None:
    def instants(*zones: str) -> list[Column]:
        return [F.to_utc_timestamp("at", zone) for zone in zones]

    assert _read_by(spark, instants(*_ZONES)) and [zone_fault(zone) for zone in _ZONES] == [None] * len(_ZONES)
    assert [zone for zone in _NO_ZONES if _read_by(spark, instants(zone)) or zone_fault(zone) is None] == []

"""The CPF rule and its mask, against worked examples and against the rule written once more in plain Python."""

from __future__ import annotations

import random

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from etl_customers.modules.silver import cpf

VALID = [
    "529.982.247-25",
    "11144477735",
    "12345678909",
    "00000000191",
    "11111111200",
    "01234567890",
    "10000000019",
    "390.533.447/05",
    "93541134780",
    "45317828791",
    "00000010820",
    "99999999050",
    "529 982 247 25",
]
INVALID = {
    "5299822472": "CPF_LENGTH",
    "529982247250": "CPF_LENGTH",
    "52998224724": "CPF_CHECK_DIGITS",
    "52998224752": "CPF_CHECK_DIGITS",
    "23100299900": "CPF_CHECK_DIGITS",
    "11144477705": "CPF_CHECK_DIGITS",
    "11144477732": "CPF_CHECK_DIGITS",
    "11111111215": "CPF_CHECK_DIGITS",
    "5.2998224725E10": "CPF_CHARACTERS",
    "５２９９８２２４７２５": "CPF_CHARACTERS",
    "5299822472²": "CPF_CHARACTERS",
    "52998224725\n": "CPF_CHARACTERS",
    "529–982–247–25": "CPF_CHARACTERS",
    "abc": "CPF_CHARACTERS",
    "********725": "ALREADY_MASKED",
    **{str(digit) * 11: "CPF_REPEATED_DIGIT" for digit in range(10)},
}


def _judge(spark: SparkSession, texts: list[str | None], numeric: bool = False) -> list[tuple[str | None, str | None]]:
    frame = spark.createDataFrame([(i, text) for i, text in enumerate(texts)], "i int, text string")
    frame = frame.withColumn("digits", cpf.normalise(F.col("text"), F.lit(numeric)))
    frame = frame.withColumn("broken", cpf.fault(F.col("digits"), cpf.number(F.col("digits"))))
    frame = frame.select("i", "broken", cpf.mask(F.col("digits"), F.col("broken")).alias("m"))
    return [(row["broken"], row["m"]) for row in frame.orderBy("i").collect()]


def test_valid_numbers_pass_and_show_their_last_three_digits(spark: SparkSession) -> None:
    for text, (broken, mask) in zip(VALID, _judge(spark, VALID)):
        last3 = "".join(c for c in text if c.isdigit())[-3:]
        assert (broken, mask) == (None, f"********{last3}"), text


def test_each_invalid_number_breaks_exactly_its_rule_and_shows_nothing(spark: SparkSession) -> None:
    for (text, rule), (broken, mask) in zip(INVALID.items(), _judge(spark, list(INVALID))):
        assert broken == rule, text
        assert mask == (text if rule == "ALREADY_MASKED" else cpf.HIDDEN), text


def test_null_stays_null(spark: SparkSession) -> None:
    assert _judge(spark, [None]) == [(None, None)]


@pytest.mark.parametrize(("numeric", "expected"), [(True, None), (False, "CPF_LENGTH")])
def test_lost_leading_zeros_come_back_only_for_a_source_that_declares_it(
    spark: SparkSession, numeric: bool, expected: str | None
) -> None:
    assert _judge(spark, ["1234567890"], numeric)[0][0] == expected


def test_the_expression_agrees_with_the_rule_in_python_on_many_numbers(spark: SparkSession) -> None:
    generator = random.Random(20250331)
    numbers = [f"{generator.randrange(10**11):011d}" for _ in range(5000)]
    numbers += [_with_check_digits(f"{generator.randrange(10**9):09d}") for _ in range(5000)]
    expected = [number == _with_check_digits(number[:9]) and len(set(number)) > 1 for number in numbers]
    assert [not broken for broken, _ in _judge(spark, numbers)] == expected
    assert sum(expected) > 4900


def _with_check_digits(base: str) -> str:
    for weight in (10, 11):
        rest = sum(int(digit) * (weight - i) for i, digit in enumerate(base)) % 11
        base += str(0 if rest < 2 else 11 - rest)
    return base

"""Silver's CPF and card rules beside published libraries, over 100,000 texts each: every difference has its reason.

RULE_REPORT: a file to write the page to, once all differences have a class.
"""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F
from rule_cases import TOTAL
from rule_cases_card import card_cases
from rule_cases_cpf import cpf_cases
from rule_comparison import Comparison, ours
from rule_differences import ascii_digits
from rule_differences_card import CARD_DIFFERENCES
from rule_differences_cpf import CPF_DIFFERENCES
from rule_libraries import CARD_LIBRARIES, CPF_LIBRARIES, DOCBR_CPF, STDNUM_LUHN, Verdict
from rule_page import HOW_TO_RENEW, page

from etl_customers.modules.silver import cpf, payment_card
from etl_customers.modules.silver.text import clean, is_tidy

PAGE = Path(__file__).parents[2] / "docs" / "rule-comparisons.md"


class Compared:
    """Both rules, and the CPF rule for a source whose CPFs went through a number."""

    def __init__(self, spark: SparkSession) -> None:
        cpfs = cpf_cases([difference.example for difference in CPF_DIFFERENCES])
        cards = card_cases([difference.example for difference in CARD_DIFFERENCES])
        texts = {"cpf": [case.text for case in cpfs], "card": [case.text for case in cards]}
        judged = _judge(spark, pa.table({"i": list(range(TOTAL)), **texts}))
        self.cpf = Comparison("CPF", cpfs, judged["cpf"], CPF_LIBRARIES, CPF_DIFFERENCES)
        self.card = Comparison("Payment card", cards, judged["card"], CARD_LIBRARIES, CARD_DIFFERENCES)
        self.cpf_of_numeric_source = judged["numeric"]


def _judge(spark: SparkSession, texts: pa.Table) -> dict[str, list[str | None]]:
    """The rule that each text breaks, by the steps that silver takes; one query."""
    frame = spark.createDataFrame(texts)
    for name in ("cpf", "card"):
        frame = frame.withColumn(name, clean(F.col(name), is_tidy([F.col(name)])))
    frame = frame.withColumns(
        {
            "numeric": cpf.normalise(F.col("cpf"), F.lit(True)),
            "cpf": cpf.normalise(F.col("cpf"), F.lit(False)),
            "card": payment_card.normalise(F.col("card")),
        }
    )
    frame = frame.withColumns({"n_cpf": cpf.number(F.col("cpf")), "n_numeric": cpf.number(F.col("numeric"))})
    faults = {
        "cpf": cpf.fault(F.col("cpf"), F.col("n_cpf")),
        "numeric": cpf.fault(F.col("numeric"), F.col("n_numeric")),
        "card": payment_card.fault(F.col("card")),
    }
    found = frame.select("i", *(_or_missing(name, fault).alias(name) for name, fault in faults.items())).toArrow()
    return {name: found.sort_by("i")[name].to_pylist() for name in faults}


def _or_missing(name: str, fault: Column) -> Column:
    return F.when(F.col(name).isNull(), "MISSING").otherwise(fault)


@pytest.fixture(scope="module")
def compared(spark: SparkSession) -> Compared:
    return Compared(spark)


@pytest.fixture(params=["cpf", "card"])
def comparison(request: pytest.FixtureRequest, compared: Compared) -> Comparison:
    found: Comparison = getattr(compared, request.param)
    return found


def test_there_are_100_000_cases_and_many_of_either_verdict(comparison: Comparison) -> None:
    accepted = comparison.faults.count(None)
    assert len(comparison.cases) == len(comparison.faults) == TOTAL
    assert TOTAL // 4 < accepted < TOTAL * 3 // 4


def test_every_difference_has_a_class(comparison: Comparison) -> None:
    _, unclassified = comparison.found
    assert not unclassified, f"{len(unclassified)} differences without a class, such as {unclassified[:5]}"


def test_every_class_occurs_and_its_example_is_of_it(comparison: Comparison) -> None:
    counts, _ = comparison.found
    assert set(counts) == set(comparison.classes)
    for place, difference in enumerate(comparison.classes):  # the examples are the first cases
        case, fault = comparison.cases[place], comparison.faults[place]
        verdict = difference.library.verdict(case.text)
        assert case.text == difference.example
        assert comparison.classify(difference.library, case, fault, verdict) is difference, difference.name


def test_what_only_we_accept_the_library_accepts_in_another_spelling(comparison: Comparison) -> None:
    mended = 0
    for library in comparison.libraries:
        for case, fault, verdict in zip(comparison.cases, comparison.faults, comparison.verdicts[library.call]):
            if verdict is Verdict.REFUSES and fault is None and case.text is not None:
                difference = comparison.classify(library, case, fault, verdict)
                if difference and difference.mended:
                    mended += 1
                    assert library.verdict(difference.mended(case.text)) is Verdict.ACCEPTS, (difference.name, case)
    assert mended > 1000


def test_over_bare_digits_that_are_not_all_equal_nobody_differs(compared: Compared) -> None:
    """The arithmetic itself: modulus 11 with all three libraries, Luhn with the one that knows no brands."""
    for comparison, lengths, libraries in (
        (compared.cpf, (11, 11), CPF_LIBRARIES),
        (compared.card, (12, 19), (STDNUM_LUHN,)),
    ):
        bare, verdicts = ascii_digits(*lengths), set()
        for place, case in enumerate(comparison.cases):
            if case.text and case.text.isalnum() and bare(case.text) and len(set(case.text)) > 1:
                verdicts.add(ours(comparison.faults[place]))
                for library in libraries:
                    assert comparison.verdicts[library.call][place] is ours(comparison.faults[place]), case
        assert verdicts == {Verdict.ACCEPTS, Verdict.REFUSES}


def test_a_source_that_declares_lost_zeros_agrees_with_the_library_that_always_puts_them_back(
    compared: Compared,
) -> None:
    seen = 0
    padded = ascii_digits(8, 10)
    for place, case in enumerate(compared.cpf.cases):
        if case.text and case.text.isalnum() and padded(case.text):
            seen += 1
            verdict = compared.cpf.verdicts[DOCBR_CPF.call][place]
            assert ours(compared.cpf_of_numeric_source[place]) is verdict, case
    assert seen > 5000


def test_the_page_is_up_to_date(compared: Compared) -> None:
    text = page([compared.cpf, compared.card])
    report = os.environ.get("RULE_REPORT")
    if report and not (compared.cpf.found[1] or compared.card.found[1]):
        Path(report).write_text(text, encoding="utf-8")
    assert PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text, f"renew it: {HOW_TO_RENEW}"

"""Cards, e-mails, money, dates, stores: what is read, what is refused and why, what is shown."""

from __future__ import annotations

from decimal import Decimal

import pytest
from api_ingestion.domain.cursor import CursorType
from customer_contract import Contract, MoneyLocale
from customer_contract.names import match_key as python_match_key
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from etl_customers.modules.silver import dates, email, money, payment_card
from etl_customers.modules.silver.text import clean, is_tidy, match_key


def _rows(spark: SparkSession, texts: list, **columns: Column) -> list:
    frame = spark.createDataFrame([(i, text) for i, text in enumerate(texts)], "i int, text string")
    return frame.select("i", *(c.alias(n) for n, c in columns.items())).orderBy("i").collect()


CARDS = {
    "4111 1111-1111 1111": (None, "************1111"),
    "5555555555554444": (None, "************4444"),
    "378282246310005": (None, "************0005"),
    "6062826786276634": (None, "************6634"),
    "4111111111111112": ("CARD_CHECK_DIGIT", payment_card.HIDDEN),
    "0000000000000000": ("CARD_REPEATED_DIGIT", payment_card.HIDDEN),
    "41111111111": ("CARD_LENGTH", payment_card.HIDDEN),
    "4111x11111111111": ("CARD_CHARACTERS", payment_card.HIDDEN),
    "４１１１１１１１１１１１１１１１": ("CARD_CHARACTERS", payment_card.HIDDEN),
    "411111111111111١": ("CARD_CHARACTERS", payment_card.HIDDEN),
    "４１１１１７": ("CARD_CHARACTERS", payment_card.HIDDEN),
    "************1111": ("ALREADY_MASKED", "************1111"),
    "4***********1111": ("CARD_CHARACTERS", payment_card.HIDDEN),
}


def test_cards(spark: SparkSession) -> None:
    digits = payment_card.normalise(F.col("text"))
    rows = _rows(
        spark,
        list(CARDS),
        broken=payment_card.fault(digits),
        mask=payment_card.mask(digits, payment_card.fault(digits)),
    )
    assert {text: (row["broken"], row["mask"]) for text, row in zip(CARDS, rows)} == CARDS


EMAILS = {
    "A.B+tag@Ex.COM": (None, "A***@ex.com"),
    "joao@ex.com": (None, "j***@ex.com"),
    "ab@x.com": (None, "***@x.com"),
    "a@b": ("EMAIL_INVALID", "***"),
    "a@@b.co": ("EMAIL_INVALID", "***"),
    ".a@b.co": ("EMAIL_INVALID", "***@b.co"),
    "a..b@c.co": ("EMAIL_INVALID", "a***@c.co"),
    "a@-b.co": ("EMAIL_INVALID", "***"),
    "abc@b.c": ("EMAIL_INVALID", "***"),
    "josé@x.com": ("EMAIL_NON_ASCII", "j***@x.com"),
    "no address": ("EMAIL_INVALID", "***"),
    "j***@ex.com": ("ALREADY_MASKED", "j***@ex.com"),
    "***": ("ALREADY_MASKED", "***"),
    "x@52998224725": ("EMAIL_INVALID", "***"),
    "a" * 65 + "@x.com": ("EMAIL_INVALID", "a***@x.com"),
}


def test_emails(spark: SparkSession) -> None:
    column = F.col("text")
    rows = _rows(spark, list(EMAILS), broken=email.fault(column), mask=email.mask(column, email.fault(column)))
    assert {text: (row["broken"], row["mask"]) for text, row in zip(EMAILS, rows)} == EMAILS


def test_a_mask_is_total_and_idempotent(spark: SparkSession) -> None:
    texts = [*EMAILS, "", "@", "***", "@x.com"]
    mask = email.mask(F.col("text"), email.fault(F.col("text")))
    once = [row["m"] for row in _rows(spark, texts, m=mask)]
    assert None not in once
    assert [row["m"] for row in _rows(spark, once, m=mask)] == once


MONEY = {
    ("R$ 1.234,56", "pt_BR"): ("1234.56", "BRL", None),
    ("$2.77", "pt_BR"): ("2.77", "USD", None),
    ("US$ 10.00", "pt_BR"): ("10.00", "USD", None),
    ("$2,77", "en_US"): ("2.77", "USD", None),
    ("-R$ 5,00", "pt_BR"): ("-5.00", "BRL", "AMOUNT_BELOW_MINIMUM"),
    ("R$-5,00", "pt_BR"): ("-5.00", "BRL", "AMOUNT_BELOW_MINIMUM"),
    ("(R$ 5,00)", "pt_BR"): ("-5.00", "BRL", "AMOUNT_BELOW_MINIMUM"),
    ("-$0.00", "en_US"): ("0.00", "USD", None),
    ("1.234.567,89", "pt_BR"): ("1234567.89", "BRL", None),
    ("1,234.56", "en_US"): ("1234.56", "BRL", None),
    ("1.234", "pt_BR"): ("1234.00", "BRL", None),
    ("1.234", "en_US"): (None, "BRL", "AMOUNT_PRECISION"),
    ("1.5000", "en_US"): ("1.50", "BRL", None),
    ("1,234", "en_US"): ("1234.00", "BRL", None),
    ("1,234", "pt_BR"): (None, "BRL", "AMOUNT_PRECISION"),
    ("1234", "pt_BR"): ("1234.00", "BRL", None),
    ("abc", "pt_BR"): (None, "BRL", "AMOUNT_INVALID"),
    ("$1.2.3", "en_US"): (None, "USD", "AMOUNT_INVALID"),
    ("1e3", "en_US"): (None, "BRL", "AMOUNT_INVALID"),
    ("(5,00", "pt_BR"): (None, "BRL", "AMOUNT_INVALID"),
    ("-(5,00)", "pt_BR"): (None, "BRL", "AMOUNT_INVALID"),
    ("€ 5,00", "pt_BR"): (None, None, "CURRENCY_UNKNOWN"),
    ("EUR 5.00", "en_US"): (None, None, "CURRENCY_UNKNOWN"),
    ("-mx$ 5.00", "en_US"): (None, None, "CURRENCY_UNKNOWN"),
    ("5.00 USD", "en_US"): (None, "BRL", "AMOUNT_INVALID"),
    ("brl 5.00", "en_US"): ("5.00", "BRL", None),
    ("99999999999999999999", "en_US"): (None, "BRL", "AMOUNT_INVALID"),
}


def test_money(spark: SparkSession) -> None:
    found = {}
    for locale in MoneyLocale:
        texts = [text for text, of in MONEY if of == locale.value]
        parts = money.parts(F.col("text"))
        currency = money.currency(parts, "BRL", ("BRL", "USD"))
        amount = money.read(money.plain(F.col("text")), parts, F.lit(locale is MoneyLocale.PT_BR), currency)
        broken = money.fault(amount, currency, parts, F.lit(Decimal(0)))
        columns = {"amount": amount.cast("string"), "currency": currency, "broken": broken}
        for text, row in zip(texts, _rows(spark, texts, **columns)):
            found[text, locale.value] = (row["amount"], row["currency"], row["broken"])
    assert found == MONEY


def test_the_contract_says_which_currencies_there_are_and_the_source_which_one_it_means(spark: SparkSession) -> None:
    texts = ["1", "$ 1", "US$ 1", "R$ 1", "MXN 1", "€ 1", "eur 1", "£ 1", "CHF 1", "MX$ 1"]
    parts = money.parts(F.col("text"))
    of = {
        "brazilian": money.currency(parts, "BRL", ("BRL",)),
        "mexican": money.currency(parts, "MXN", ("USD", "MXN")),
        "european": money.currency(parts, "EUR", ("EUR", "USD", "CHF")),
    }
    rows = _rows(spark, texts, **of)
    assert {name: [row[name] for row in rows] for name in of} == {
        "brazilian": ["BRL", None, None, "BRL", None, None, None, None, None, None],
        "mexican": ["MXN", "MXN", "USD", None, "MXN", None, None, None, None, None],
        "european": ["EUR", "USD", "USD", None, None, "EUR", "EUR", None, "CHF", None],
    }


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("database", "2025-03-31", "2025-03-31"),
        ("database", "31/03/2025", None),
        ("database", "2025-02-29", None),
        ("csv", "31/03/2025", "2025-03-31"),
        ("csv", "31/02/2025", None),
        ("csv", "1/2/2025", None),
        ("csv", "2025-03-31", None),
        ("csv", "31/03/25", None),
    ],
)
def test_dates_by_the_declared_format_only(
    spark: SparkSession, contract: Contract, source: str, text: str, expected: str | None
) -> None:
    date = dates.read_date(F.col("text"), contract.source(source)).cast("string")
    assert _rows(spark, [text], date=date)[0]["date"] == expected


INSTANTS = {
    ("database", "2025-04-01T12:00:00Z"): "2025-04-01 12:00:00",
    ("database", "2025-04-01T12:00:00.123456+00:00"): "2025-04-01 12:00:00.123456",
    ("database", "2025-04-01 09:00:00-03"): "2025-04-01 12:00:00",
    ("database", "2025-04-01T09:00:00"): "2025-04-01 12:00:00",
    # .NET writes seven digits of a fraction, Java nine, and no seconds where they are zero.
    ("api", "2025-03-31T12:00:00.1234567Z"): "2025-03-31 12:00:00.123456",
    ("api", "2025-03-31T12:00:00.123456999-0300"): "2025-03-31 15:00:00.123456",
    ("api", "2025-03-31T12:00Z"): "2025-03-31 12:00:00",
    ("api", "2025-03-31 09:00-03:00"): "2025-03-31 12:00:00",
    ("api", "2025-03-31T09:00"): "2025-03-31 12:00:00",
    ("api", "2025-03-31t12:00:00z"): "2025-03-31 12:00:00",
    ("api", "2025-03-31t12:00z"): "2025-03-31 12:00:00",
    ("api", "2025-03-31T12:00:00,5Z"): "2025-03-31 12:00:00.5",
    ("api", "2025-03-31T09:00:00,123456789"): "2025-03-31 12:00:00.123456",
    ("api", "2025-03-31T12:00:00.1234567891Z"): None,
    ("api", "2025-03-31T12:00:00.Z"): None,
    ("api", "2025-03-31T12:00,5Z"): None,
    ("api", "2025-03-31T12Z"): None,
    ("api", "2025-03-31T24:01Z"): None,
    ("api", "2025-02-30T12:00Z"): None,
    ("api", "2025-03-31T12:00:00 UTC"): None,
    ("api", "2025-03-31"): None,
    ("database", "2025"): None,
    ("csv", "01/04/2025 09:00:00"): "2025-04-01 12:00:00",
    ("csv", "01/04/2025 09:00"): "2025-04-01 12:00:00",
    ("csv", "31/02/2025 09:00"): None,
}


def test_instants_by_the_declared_formats_and_zone(spark: SparkSession, contract: Contract) -> None:
    found = {}
    for source in contract.sources:
        texts = [text for of, text in INSTANTS if of == source.name]
        instant = dates.read_timestamp(F.col("text"), source).cast("string")
        found |= {(source.name, text): row["at"] for text, row in zip(texts, _rows(spark, texts, at=instant))}
    assert found == INSTANTS
    ordered = {text for source, text in INSTANTS if source == "api" and CursorType.TIMESTAMP.key(text)}
    not_read = {"2025-03-31", "2025-03-31T12:00,5Z", "2025-03-31T12:00:00.1234567891Z"}
    assert {text for (source, text), at in INSTANTS.items() if source == "api" and at} == ordered - not_read


def test_store_names_are_matched_in_spark_as_in_python(spark: SparkSession, contract: Contract) -> None:
    texts = [name for store in contract.stores for name in (store.name, store.name.lower(), *store.aliases)]
    texts += ["Sa\u0303o Paulo", "SAO  PAULO", "Olho d’Agua", "Ünïcödé – ß", "---"]
    rows = _rows(spark, texts, key=match_key(F.col("text")))
    assert [row["key"] for row in rows] == [python_match_key(text) for text in texts]


TEXTS = {
    "Ana Souza": "Ana Souza",
    " Ana Souza": "Ana Souza",
    "Ana Souza ": "Ana Souza",
    "Ana  Souza": "Ana Souza",
    "Ana\u00a0Souza": "Ana Souza",
    "\ufeffAna": "Ana",
    "\tAna\n": "Ana",
    "Ana\0Souza\0": "Ana Souza",
    "Ana \u202f Souza": "Ana Souza",
    "": None,
    " ": None,
    "\u00a0": None,
    None: None,
}


def test_texts_lose_what_a_person_does_not_see(spark: SparkSession) -> None:
    neighbour = F.lit("x")
    tidy = is_tidy([neighbour, F.col("text"), neighbour])
    rows = _rows(spark, list(TEXTS), tidy=tidy, clean=clean(F.col("text"), tidy, squeezed=True))
    assert {text: row["clean"] for text, row in zip(TEXTS, rows)} == TEXTS
    assert [text for text, row in zip(TEXTS, rows) if row["tidy"]] == ["Ana Souza", None]


def test_texts_that_are_not_squeezed_keep_their_inside(spark: SparkSession) -> None:
    tidy = is_tidy([F.col("text")])
    (row,) = _rows(spark, [" C  1 "], clean=clean(F.col("text"), tidy))
    assert row["clean"] == "C  1"

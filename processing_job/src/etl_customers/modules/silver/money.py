"""Money: decimal(18,2) and a currency, never a float.

A text whose shape allows one reading is read so; one that allows two (`1.234`) is read by the source's locale.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F

from etl_customers.modules.silver.text import first_fault

#: A sign of currency, perhaps with letters before it (R$, US$), or a code of three letters.
_SYMBOL = r"[A-Z]{0,3}\p{Sc}|[A-Z]{3}"
_SHAPE = rf"(?i)\A(\()?(-)?({_SYMBOL})?(-)?([0-9][0-9.,]*)(\))?\z"
_SIGNS = {"BRL": "R$", "USD": "US$", "EUR": "€", "GBP": "£"}
#: Currencies whose own sign is a bare `$`. A source of another means US dollars by it.
_DOLLARS = frozenset("ARS AUD CAD CLP COP HKD MXN NZD SGD TWD USD UYU".split())
_TYPE = "decimal(18,2)"
_SIMPLE = r"\A[0-9]{1,16}(\.[0-9]{1,2})?\z"
_PLAIN = r"\A[0-9]+\z"
_US = r"\A([0-9]{1,3}(,[0-9]{3})+|[0-9]+)\.[0-9]{1,2}\z"
_BR = r"\A([0-9]{1,3}(\.[0-9]{3})+|[0-9]+),[0-9]{1,2}\z"
_US_GROUPS = r"\A[0-9]{1,3}(,[0-9]{3})+\z"
_BR_GROUPS = r"\A[0-9]{1,3}(\.[0-9]{3})+\z"
_US_LONG = r"\A[0-9]+\.[0-9]{3,}\z"
_BR_LONG = r"\A[0-9]+,[0-9]{3,}\z"
_LOSSLESS = r"[.,][0-9]{2}0*\z"


def plain(text: Column) -> Column:
    """The amount of a text that is a plain number with a decimal point, NULL for any other."""
    return F.when(text.rlike(_SIMPLE), text.try_cast(_TYPE))


def parts(text: Column) -> Column:
    """What a text that is not a plain number consists of: array of bracket, sign, symbol, sign, number, bracket.

    NULL for a plain number, which needs no taking apart, and for what has not the shape of money. Kept apart from
    `read` so that Spark takes each text apart once.
    """
    compact = F.regexp_replace(text, r"[\s\u00a0\u202f]", "")
    apart = F.split(F.regexp_replace(compact, _SHAPE, "$1;$2;$3;$4;$5;$6"), ";")
    return F.when(~text.rlike(_SIMPLE), F.when(compact.rlike(_SHAPE), apart))


def read(plain: Column, parts: Column, brazilian: Column, currency: Column) -> Column:
    """The amount in a text, NULL if it cannot be read without loss, or is in no currency that is known.

    Args:
        plain: of the text as the source wrote it, without blanks at its edges.
        parts: of the same text.
        brazilian: does the row's source write a decimal comma.
        currency: of the same text.
    """
    opening, minus, late_minus, number, closing = (parts[i] for i in (0, 1, 3, 4, 5))
    brackets = (opening != "") & (closing != "")
    signs = (minus != "").cast("int") + (late_minus != "").cast("int") + brackets.cast("int")
    well_formed = (signs <= 1) & ((opening != "") == (closing != ""))
    value = _to_decimal_text(number, brazilian).try_cast(_TYPE)
    signed = F.when((signs == 1) & (value != 0), -value).otherwise(value)
    return F.coalesce(plain, F.when(parts.isNotNull(), F.when(well_formed & currency.isNotNull(), signed)))


def currency(parts: Column, own: str, currencies: Iterable[str]) -> Column:
    """ISO 4217 code of the symbol in `parts`, `own` if there is none; NULL if it is of none of `currencies`.

    Args:
        parts: of the text.
        own: the currency of the row's source, which also says what its `$` is.
        currencies: those that the contract knows.
    """
    symbol, dollars = F.upper(parts[2]), own if own in _DOLLARS else "USD"
    chain = F.when(parts.isNull() | (symbol == ""), F.lit(own))
    for code in currencies:
        signs = [sign for sign in (code, _SIGNS.get(code), "$" if code == dollars else None) if sign]
        chain = chain.when(symbol.isin(*signs), F.lit(code))
    return chain


def fault(amount: Column, currency: Column, parts: Column, minimum: Column | None) -> Column:
    """The rule that is broken by an amount, read from a text that is not NULL; NULL if none.

    Args:
        amount: what `read` made of the text.
        currency: of the text.
        parts: of the text.
        minimum: the smallest amount allowed, in any currency.
    """
    number = parts[4]
    precise = number.rlike(_US_LONG) | number.rlike(_BR_LONG)
    unknown = (currency.isNull(), "CURRENCY_UNKNOWN")
    unreadable = [(amount.isNull() & precise, "AMOUNT_PRECISION"), (amount.isNull(), "AMOUNT_INVALID")]
    too_small = [] if minimum is None else [(amount < minimum, "AMOUNT_BELOW_MINIMUM")]
    return first_fault(unknown, *unreadable, *too_small)


def _to_decimal_text(number: Column, brazilian: Column) -> Column:
    """`number` with a decimal point and no groups; NULL if it cannot be read without loss."""
    drop_commas = F.regexp_replace(number, ",", "")
    drop_points = F.regexp_replace(number, r"\.", "")
    comma_to_point = F.regexp_replace(drop_points, ",", ".")
    lossless = number.rlike(_LOSSLESS)
    return (
        F.when(number.rlike(_PLAIN), number)
        .when(number.rlike(_US), drop_commas)
        .when(number.rlike(_BR), comma_to_point)
        .when(number.rlike(_BR_GROUPS) & brazilian, drop_points)
        .when(number.rlike(_US_GROUPS) & ~brazilian, drop_commas)
        .when(number.rlike(_US_LONG) & ~brazilian & lossless, number)
        .when(number.rlike(_BR_LONG) & brazilian & lossless, comma_to_point)
    )

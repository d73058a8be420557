"""Money: decimal(18,2) and a currency, never a float.

A text whose shape allows one reading is read so; one that allows two (`1.234`) is read by the source's locale.
"""

from __future__ import annotations

from dataclasses import dataclass

from customer_contract import MoneyLocale
from pyspark.sql import Column
from pyspark.sql import functions as F

_SHAPE = r"(?i)\A(\()?(-)?(R\$|US\$|\$|BRL|USD)?(-)?([0-9][0-9.,]*)(\))?\z"
_PLAIN = r"\A[0-9]+\z"
_US = r"\A([0-9]{1,3}(,[0-9]{3})+|[0-9]+)\.[0-9]{1,2}\z"
_BR = r"\A([0-9]{1,3}(\.[0-9]{3})+|[0-9]+),[0-9]{1,2}\z"
_US_GROUPS = r"\A[0-9]{1,3}(,[0-9]{3})+\z"
_BR_GROUPS = r"\A[0-9]{1,3}(\.[0-9]{3})+\z"
_US_LONG = r"\A[0-9]+\.[0-9]{3,}\z"
_BR_LONG = r"\A[0-9]+,[0-9]{3,}\z"
_LOSSLESS = r"[.,][0-9]{2}0*\z"


@dataclass(frozen=True)
class Money:
    """An amount with its currency, and the rules it breaks."""

    amount: Column
    currency: Column
    faults: dict[str, Column]


def read(text: Column, locale: Column, default_currency: Column, minimum: Column | None) -> Money:
    """The money in `text`, whose surrounding blanks are gone.

    Args:
        text: as the source wrote it.
        locale: `MoneyLocale` value of the row's source.
        default_currency: currency of a text without a symbol.
        minimum: the smallest amount allowed, in any currency.
    """
    compact = F.regexp_replace(text, r"[\s\u00a0\u202f]", "")
    opening, minus, symbol, late_minus, number, closing = (F.regexp_extract(compact, _SHAPE, i) for i in range(1, 7))
    brackets = (opening != "") & (closing != "")
    signs = (minus != "").cast("int") + (late_minus != "").cast("int") + brackets.cast("int")
    well_formed = compact.rlike(_SHAPE) & (signs <= 1) & ((opening != "") == (closing != ""))
    digits = _to_decimal_text(number, locale == MoneyLocale.PT_BR.value)
    value = digits.try_cast("decimal(18,2)")
    negative = (signs == 1) & (value != 0)
    amount = F.when(well_formed, F.when(negative, -value).otherwise(value))
    unreadable = amount.isNull()
    too_precise = well_formed & digits.isNull() & (number.rlike(_US_LONG) | number.rlike(_BR_LONG))
    faults = {"AMOUNT_PRECISION": too_precise, "AMOUNT_INVALID": unreadable & ~too_precise}
    if minimum is not None:
        faults["AMOUNT_BELOW_MINIMUM"] = amount < minimum
    return Money(amount, _currency(symbol, default_currency), faults)


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


def _currency(symbol: Column, default: Column) -> Column:
    upper = F.upper(symbol)
    dollars = upper.isin("$", "US$", "USD")
    return F.when(upper.isin("R$", "BRL"), F.lit("BRL")).when(dollars, F.lit("USD")).otherwise(default)

"""From the contract to expressions: how each column is normalised, typed, checked, masked and named in silver.

A contract column passes through three names: `x` as received, `_n_x` its normalised text, `_v_x` its typed value.
Adding a column to the contract is enough for it to flow; only a new *format* needs code here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from customer_contract import Column as ContractColumn
from customer_contract import ColumnFormat, Contract, Mask, SourceProfile
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DateType, DecimalType, StringType, TimestampType

from etl_customers.modules.silver import cpf, dates, email, money, payment_card
from etl_customers.modules.silver.text import clean, squeeze

STORE_ID, STORE_STATE, CURRENCY = "store_id", "store_state", "currency"

_TYPES: dict[ColumnFormat, DataType] = {
    ColumnFormat.DATE: DateType(),
    ColumnFormat.TIMESTAMP: TimestampType(),
    ColumnFormat.MONEY: DecimalType(18, 2),
}
_FULL_MASK = "***"


def normalised(name: str) -> Column:
    """The normalised text of a contract column."""
    return F.col(f"_n_{name}")


def value(name: str) -> Column:
    """The typed value of a contract column."""
    return F.col(f"_v_{name}")


def silver_type(column: ContractColumn) -> DataType:
    """The column's type in silver."""
    return _TYPES.get(column.format, StringType())


def by_source(contract: Contract, expression: Callable[[SourceProfile], Column]) -> Column:
    """`expression` of the profile of the row's own source; NULL for a source that the contract does not know."""
    cases = [(F.col("_source") == source.name, expression(source)) for source in contract.sources]
    first = F.when(*cases[0])
    return reduce(lambda chain, case: chain.when(*case), cases[1:], first)


def normalise(column: ContractColumn, contract: Contract) -> Column:
    """The text as received -> `_n_`: no blanks at the edges, no separators, one spelling where that is harmless."""
    text = clean(F.col(column.name))
    match column.format:
        case ColumnFormat.CPF:
            return cpf.normalise(text, by_source(contract, lambda source: F.lit(source.numeric_cpf)))
        case ColumnFormat.PAYMENT_CARD:
            return payment_card.normalise(text)
        case ColumnFormat.PERSON_NAME | ColumnFormat.TEXT:
            return squeeze(text)
        case _:
            return text


def typed(column: ContractColumn, contract: Contract) -> dict[str, Column]:
    """Intermediate columns made of `_n_`: `_v_` and what else the format yields."""
    text = normalised(column.name)
    match column.format:
        case ColumnFormat.DATE:
            return {f"_v_{column.name}": by_source(contract, lambda source: dates.read_date(text, source))}
        case ColumnFormat.TIMESTAMP:
            return {f"_v_{column.name}": by_source(contract, lambda source: dates.read_timestamp(text, source))}
        case ColumnFormat.MONEY:
            read = _money(column, contract)
            return {f"_v_{column.name}": read.amount, f"_currency_{column.name}": read.currency}
        case _:
            return {}


def faults(column: ContractColumn, contract: Contract) -> dict[str, Column]:
    """Rule code -> is it broken by this row. NULL counts as not broken."""
    text = normalised(column.name)
    found: dict[str, Column] = {}
    match column.format:
        case ColumnFormat.CPF:
            found = cpf.faults(text)
        case ColumnFormat.EMAIL:
            found = email.faults(text)
        case ColumnFormat.PAYMENT_CARD:
            found = payment_card.faults(text)
        case ColumnFormat.DATE | ColumnFormat.TIMESTAMP:
            found = dates.faults(value(column.name), F.col("_ingested_at"))
        case ColumnFormat.MONEY:
            found = _money(column, contract).faults
        case ColumnFormat.STORE:
            found = {"STORE_UNKNOWN": F.col(STORE_ID).isNull()}
        case ColumnFormat.IDENTIFIER | ColumnFormat.TEXT | ColumnFormat.PERSON_NAME:
            found = {"IDENTIFIER_IN_TEXT": _holds_identifier(text, contract)}
    if column.max_length and column.format is not ColumnFormat.EMAIL:
        found["TOO_LONG"] = F.length(text) > column.max_length
    checked = {rule: text.isNotNull() & broken for rule, broken in found.items()}
    return checked | ({"MISSING": text.isNull()} if column.required else {})


def silver_values(column: ContractColumn) -> dict[str, Column]:
    """Silver column -> its expression, masked."""
    match column.format:
        case ColumnFormat.DATE | ColumnFormat.TIMESTAMP:
            return {column.name: value(column.name)}
        case ColumnFormat.MONEY:
            return {column.name: value(column.name), CURRENCY: F.col(f"_currency_{column.name}")}
        case ColumnFormat.STORE:
            return {
                column.name: F.col("_store_name"),
                STORE_ID: F.col(STORE_ID),
                STORE_STATE: F.col(STORE_STATE),
            }
        case _:
            return {column.name: masked(column)}


def masked(column: ContractColumn) -> Column:
    """The normalised text as it may be shown past bronze."""
    text = normalised(column.name)
    match column.mask:
        case Mask.CPF_LAST3:
            return cpf.mask(text)
        case Mask.CARD_LAST4:
            return payment_card.mask(text)
        case Mask.EMAIL_DOMAIN:
            return email.mask(text)
        case Mask.FULL:
            return F.when(text.isNotNull(), F.lit(_FULL_MASK))
        case _:
            return text


def quarantine_text(column: ContractColumn, contract: Contract) -> Column:
    """The column in quarantine, as text: as silver would show it, or the masked text that could not be read.

    A text that cannot be read may hold anything, hence also an identifier: then it is hidden whole.
    """
    shown = F.when(_holds_identifier(normalised(column.name), contract), F.lit(_FULL_MASK)).otherwise(masked(column))
    if column.sensitive:
        return masked(column)
    if column.format in (ColumnFormat.DATE, ColumnFormat.TIMESTAMP, ColumnFormat.MONEY):
        return F.coalesce(value(column.name).cast("string"), shown)
    if column.format is ColumnFormat.STORE:
        return F.coalesce(F.col("_store_name"), shown)
    return shown


def _money(column: ContractColumn, contract: Contract) -> money.Money:
    return money.read(
        normalised(column.name),
        by_source(contract, lambda source: F.lit(source.money_locale.value)),
        by_source(contract, lambda source: F.lit(source.currency)),
        None if column.minimum is None else F.lit(column.minimum),
    )


def _holds_identifier(text: Column, contract: Contract) -> Column:
    """True if `text` contains a sensitive value of its own row: a CPF typed into a name, say."""
    digits = F.regexp_replace(text, "[^0-9]", "")
    lower = F.lower(text)
    hits = []
    for column in contract.sensitive_columns:
        own = normalised(column.name)
        if column.format in (ColumnFormat.CPF, ColumnFormat.PAYMENT_CARD):
            own_digits = F.regexp_replace(own, "[^0-9]", "")
            hits.append((F.length(own_digits) >= 8) & F.contains(digits, own_digits))
        else:
            hits.append((F.length(own) >= 6) & F.contains(lower, F.lower(own)))
    return reduce(lambda a, b: a | b, [F.coalesce(hit, F.lit(False)) for hit in hits], F.lit(False))

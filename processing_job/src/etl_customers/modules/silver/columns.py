"""From the contract to expressions: how each column is normalised, typed, checked, masked and named in silver.

A contract column passes through the columns of `step_columns`. What is needed more than once is named, since Spark
repeats what an expression repeats; and no name is a step of its own without need, since each step copies the row.
Adding a column to the contract is enough for it to flow; only a new *format* needs code here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, reduce

from customer_contract import Column as ContractColumn
from customer_contract import ColumnFormat, Contract, Mask, MoneyLocale, SourceProfile
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DateType, DecimalType, StringType, TimestampType

from etl_customers.modules.silver import cpf, dates, email, money, payment_card
from etl_customers.modules.silver.misplaced import IDENTIFIER_IN_TEXT, is_misplaced, misplaced_in, row_is_suspect
from etl_customers.modules.silver.step_columns import fault, normalised, value
from etl_customers.modules.silver.text import clean, first_fault, is_tidy, match_key

STORE_ID, STORE_STATE, CURRENCY = "store_id", "store_state", "currency"
STORE_KEY = "_store_key"

_TYPES: dict[ColumnFormat, DataType] = {
    ColumnFormat.DATE: DateType(),
    ColumnFormat.TIMESTAMP: TimestampType(),
    ColumnFormat.MONEY: DecimalType(18, 2),
}
_FULL_MASK = "***"


def silver_type(column: ContractColumn) -> DataType:
    """The column's type in silver."""
    return _TYPES.get(column.format, StringType())


def by_source(
    contract: Contract,
    expression: Callable[[SourceProfile], Column],
    depends_on: Callable[[SourceProfile], Hashable] = lambda source: source.name,
) -> Column:
    """`expression` of the profile of the row's own source; NULL for a source that the contract does not know.

    Sources that agree in `depends_on` share one branch; if all agree there is no branch at all.
    """
    groups: dict[Hashable, list[SourceProfile]] = {}
    for source in contract.sources:
        groups.setdefault(depends_on(source), []).append(source)
    cases = [
        (F.col("_source").isin(*(source.name for source in group)), expression(group[0])) for group in groups.values()
    ]
    if len(cases) == 1:
        return cases[0][1]
    return reduce(lambda chain, case: chain.when(*case), cases[1:], F.when(*cases[0]))


@lru_cache
def _tidy(names: tuple[str, ...]) -> Column:
    """Whether a row's texts need any cleaning: most do not, and are done with by one look. Made once, as each
    expression is some calls into Java.
    """
    return is_tidy([F.col(name) for name in names])


def normalise(column: ContractColumn, contract: Contract) -> dict[str, Column]:
    """The text as received -> `_n_`: no blanks at the edges, no separators, one spelling where that is harmless.

    Dates are read at once, so that only those that cannot be are searched for identifiers; money is taken apart at
    once, as its value takes a step more than others.
    """
    squeezed = column.format in (ColumnFormat.PERSON_NAME, ColumnFormat.TEXT)
    text = clean(F.col(column.name), _tidy(contract.column_names), squeezed)
    match column.format:
        case ColumnFormat.CPF:
            numeric = by_source(contract, lambda source: F.lit(source.numeric_cpf), lambda source: source.numeric_cpf)
            text = cpf.normalise(text, numeric)
        case ColumnFormat.PAYMENT_CARD:
            text = payment_card.normalise(text)
        case ColumnFormat.MONEY:
            taken_apart = {f"_p_{column.name}": money.parts(text), f"_plain_{column.name}": money.plain(text)}
            return {f"_n_{column.name}": text, **taken_apart}
        case ColumnFormat.DATE:
            read = by_source(contract, lambda source: dates.read_date(text, source), lambda source: source.date_format)
            return {f"_n_{column.name}": text, f"_v_{column.name}": read}
        case ColumnFormat.TIMESTAMP:
            read = by_source(
                contract,
                lambda source: dates.read_timestamp(text, source),
                lambda source: (source.timestamp_formats, source.time_zone),
            )
            return {f"_n_{column.name}": text, f"_v_{column.name}": read}
    return {f"_n_{column.name}": text}


def first_step(column: ContractColumn, contract: Contract) -> dict[str, Column]:
    """`_n_` -> `_v_` and what else a format yields."""
    text = normalised(column.name)
    match column.format:
        case ColumnFormat.CPF:
            return {f"_p_{column.name}": cpf.number(text)}
        case ColumnFormat.MONEY:
            return _money_values(column, contract)
        case ColumnFormat.STORE:
            return {STORE_KEY: match_key(text)}
        case _:
            return {}


def _money_values(column: ContractColumn, contract: Contract) -> dict[str, Column]:
    brazilian = by_source(
        contract,
        lambda source: F.lit(source.money_locale is MoneyLocale.PT_BR),
        lambda source: source.money_locale,
    )
    parts = F.col(f"_p_{column.name}")
    currency = by_source(
        contract,
        lambda source: money.currency(parts, source.currency, contract.currencies),
        lambda source: source.currency,
    )
    return {
        f"_v_{column.name}": money.read(F.col(f"_plain_{column.name}"), parts, brazilian, currency),
        f"_currency_{column.name}": currency,
    }


def second_step(column: ContractColumn, contract: Contract) -> dict[str, Column]:
    """`_v_` -> `_f_`."""
    return {f"_f_{column.name}": _find_fault(column, contract)}


def _find_fault(column: ContractColumn, contract: Contract) -> Column:
    """The first rule that the row breaks with this column; NULL if none."""
    text = normalised(column.name)
    missing = F.lit("MISSING" if column.required else None).cast("string")
    checks: list[tuple[Column, str | Column]] = [(text.isNull(), missing)]
    if column.max_length and column.format is not ColumnFormat.EMAIL:
        # bytes are known, characters must be counted
        long = (F.octet_length(text) > column.max_length) & (F.length(text) > column.max_length)
        checks.append((long, "TOO_LONG"))
    return first_fault(*checks, (F.lit(True), _format_fault(column, contract)))


def _format_fault(column: ContractColumn, contract: Contract) -> Column:
    text = normalised(column.name)
    match column.format:
        case ColumnFormat.CPF:
            return cpf.fault(text, F.col(f"_p_{column.name}"))
        case ColumnFormat.EMAIL:
            return email.fault(text)
        case ColumnFormat.PAYMENT_CARD:
            return payment_card.fault(text)
        case ColumnFormat.DATE | ColumnFormat.TIMESTAMP:
            return dates.fault(value(column.name), F.col("_ingested_at"), column.format is ColumnFormat.DATE)
        case ColumnFormat.MONEY:
            minimum = None if column.minimum is None else F.lit(column.minimum)
            currency, parts = F.col(f"_currency_{column.name}"), F.col(f"_p_{column.name}")
            broken = money.fault(value(column.name), currency, parts, minimum)
            return first_fault((misplaced_in(column, contract), IDENTIFIER_IN_TEXT), (F.lit(True), broken))
        case ColumnFormat.STORE:
            return F.when(F.col(STORE_ID).isNull(), "STORE_UNKNOWN")
        case ColumnFormat.IDENTIFIER | ColumnFormat.TEXT | ColumnFormat.PERSON_NAME:
            return F.when(misplaced_in(column, contract), IDENTIFIER_IN_TEXT)


def silver_values(column: ContractColumn) -> dict[str, Column]:
    """Silver column -> its expression, masked."""
    match column.format:
        case ColumnFormat.DATE | ColumnFormat.TIMESTAMP:
            return {column.name: value(column.name)}
        case ColumnFormat.MONEY:
            shown = F.when(~is_misplaced(column.name), value(column.name))
            return {column.name: shown, CURRENCY: F.col(f"_currency_{column.name}")}
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
    text, broken = normalised(column.name), fault(column.name)
    match column.mask:
        case Mask.CPF_LAST3:
            return cpf.mask(text, broken)
        case Mask.CARD_LAST4:
            return payment_card.mask(text, broken)
        case Mask.EMAIL_DOMAIN:
            return email.mask(text, broken)
        case Mask.FULL:
            return F.when(text.isNotNull(), F.lit(_FULL_MASK))
        case Mask.NONE:
            return F.when(broken.isNotNull(), _without_identifier(text)).otherwise(text)


def unread_text(column: ContractColumn) -> dict[str, Column]:
    """The text of a value that could not be read, for quarantine; NULL where silver has a value."""
    text = normalised(column.name)
    if column.format in _TYPES:
        unread = value(column.name).isNull() | is_misplaced(column.name)
        return {column.name: F.when(unread, _without_identifier(text))}
    if column.format is ColumnFormat.STORE:
        return {column.name: F.when(F.col(STORE_ID).isNull(), _without_identifier(text))}
    return {}


def _without_identifier(text: Column) -> Column:
    """A text that breaks a rule may hold anything: in a row with an identifier in its texts it is hidden whole."""
    return F.when(text.isNotNull() & row_is_suspect(), F.lit(_FULL_MASK)).otherwise(text)

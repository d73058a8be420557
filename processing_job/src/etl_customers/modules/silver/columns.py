"""From the contract to expressions: how each column is normalised, typed, checked, masked and named in silver.

A contract column `x` passes through: `_n_x` its normalised text, `_p_x` that text taken apart, `_v_x` its typed value,
`_f_x` the rule it breaks. What is needed more than once is named, since Spark repeats what an expression repeats; and
no name is a step of its own without need, since each step copies the row.
Adding a column to the contract is enough for it to flow; only a new *format* needs code here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import reduce

from customer_contract import Column as ContractColumn
from customer_contract import ColumnFormat, Contract, Mask, MoneyLocale, SourceProfile
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DateType, DecimalType, StringType, TimestampType

from etl_customers.modules.silver import cpf, dates, email, money, payment_card
from etl_customers.modules.silver.text import all_of, any_of, clean, digits_of, first_fault, is_tidy, joined, match_key

STORE_ID, STORE_STATE, CURRENCY = "store_id", "store_state", "currency"
STORE_KEY = "_store_key"
_SUSPECT = "_suspect"

_TYPES: dict[ColumnFormat, DataType] = {
    ColumnFormat.DATE: DateType(),
    ColumnFormat.TIMESTAMP: TimestampType(),
    ColumnFormat.MONEY: DecimalType(18, 2),
}
_FULL_MASK = "***"
#: A number of fewer digits is not looked for in the other texts of its row.
_SHORTEST = 8
_IDENTIFIER_IN_TEXT = "IDENTIFIER_IN_TEXT"


def normalised(name: str) -> Column:
    """The normalised text of a contract column."""
    return F.col(f"_n_{name}")


def value(name: str) -> Column:
    """The typed value of a contract column."""
    return F.col(f"_v_{name}")


def fault(name: str) -> Column:
    """The rule that a contract column breaks, NULL if none."""
    return F.col(f"_f_{name}")


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


def _tidy(contract: Contract) -> Column:
    """Whether a row's texts need any cleaning: most do not, and are done with by one look."""
    return is_tidy([F.col(column.name) for column in contract.columns])


def normalise(column: ContractColumn, contract: Contract) -> dict[str, Column]:
    """The text as received -> `_n_`: no blanks at the edges, no separators, one spelling where that is harmless.

    Dates are read at once, so that only those that cannot be are searched for identifiers; money is taken apart at
    once, as its value takes a step more than others.
    """
    squeezed = column.format in (ColumnFormat.PERSON_NAME, ColumnFormat.TEXT)
    text = clean(F.col(column.name), _tidy(contract), squeezed)
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
    default = by_source(contract, lambda source: F.lit(source.currency), lambda source: source.currency)
    parts = F.col(f"_p_{column.name}")
    return {
        f"_v_{column.name}": money.read(F.col(f"_plain_{column.name}"), parts, brazilian),
        f"_currency_{column.name}": money.currency(parts, default),
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
            return money.fault(value(column.name), F.col(f"_p_{column.name}"), minimum)
        case ColumnFormat.STORE:
            return F.when(F.col(STORE_ID).isNull(), "STORE_UNKNOWN")
        case ColumnFormat.IDENTIFIER | ColumnFormat.TEXT | ColumnFormat.PERSON_NAME:
            return F.when(F.col(_SUSPECT) & _holds_identifier(text, contract), _IDENTIFIER_IN_TEXT)


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
        return {column.name: F.when(value(column.name).isNull(), _without_identifier(text))}
    if column.format is ColumnFormat.STORE:
        return {column.name: F.when(F.col(STORE_ID).isNull(), _without_identifier(text))}
    return {}


def _without_identifier(text: Column) -> Column:
    """A text that breaks a rule may hold anything: in a row with an identifier in its texts it is hidden whole."""
    return F.when(text.isNotNull() & F.col(_SUSPECT), F.lit(_FULL_MASK)).otherwise(text)


def suspect(contract: Contract) -> dict[str, Column]:
    """Whether any text of a row contains a sensitive value of the same row; most rows are done with here.

    Dates and plain amounts are no texts.
    """
    texts = []
    for column in contract.columns:
        text = normalised(column.name)
        if column.format in (ColumnFormat.DATE, ColumnFormat.TIMESTAMP):
            texts.append(F.when(value(column.name).isNull(), text))
        elif column.format is ColumnFormat.MONEY:
            texts.append(F.when(F.col(f"_plain_{column.name}").isNull(), text))
        elif not column.sensitive:
            texts.append(text)
    return {_SUSPECT: _holds_identifier(joined(texts), contract)}


def _holds_identifier(text: Column, contract: Contract) -> Column:
    """True if `text` contains a sensitive value of its own row: a CPF typed into a name, say."""
    digits = digits_of(text)
    return any_of(F.coalesce(_holds(text, digits, column), F.lit(False)) for column in contract.sensitive_columns)


def _has_its_digits(text: Column, own: Column) -> Column:
    """Whether each of the first digits of `own` is in `text` at all: mostly not, and `text` need not be taken apart."""
    return all_of(F.contains(text, F.substring(own, at, 1)) for at in range(1, _SHORTEST + 1))


def _holds(text: Column, digits: Column, column: ContractColumn) -> Column:
    own = normalised(column.name)
    if column.format in (ColumnFormat.CPF, ColumnFormat.PAYMENT_CARD):
        # a branch, as both sides of an "and" are evaluated if another expression has them too
        return F.when((F.length(own) >= _SHORTEST) & _has_its_digits(text, own), F.contains(digits, own))
    at = F.lit("@")
    return F.contains(text, at) & F.contains(own, at) & (F.length(own) >= 6) & F.contains(F.lower(text), F.lower(own))

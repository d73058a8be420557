"""Which of a row's columns hold an identifier that belongs into another: sources shift columns, people mistype."""

from __future__ import annotations

from functools import lru_cache

from customer_contract import Column as ContractColumn
from customer_contract import ColumnFormat, Contract
from pyspark.sql import Column
from pyspark.sql import functions as F

from etl_customers.modules.silver import cpf
from etl_customers.modules.silver.identifiers import (
    SHORTEST,
    holds_one_of,
    holds_own,
    identifiers_in,
    is_written_as_one,
)
from etl_customers.modules.silver.step_columns import fault, normalised, value
from etl_customers.modules.silver.text import joined

IDENTIFIER_IN_TEXT = "IDENTIFIER_IN_TEXT"
_HOLDS_OWN, _FOUND = "_holds_own", "_found"


def search(contract: Contract) -> dict[str, Column]:
    """The columns by which most rows are done with: whether the row's texts hold one of its own sensitive values, and
    what else in them is an identifier.
    """
    texts = joined([_searched(column) for column in contract.columns if not column.sensitive])
    return {_HOLDS_OWN: holds_own(texts, _own(contract)), _FOUND: identifiers_in(texts)}


def row_is_suspect() -> Column:
    """Whether the row has an identifier in its texts. Never NULL."""
    return F.col(_HOLDS_OWN) | F.coalesce(F.size(_FOUND) > 0, F.lit(False))


def misplaced_in(column: ContractColumn, contract: Contract) -> Column:
    """Whether this column's text is one that contains an identifier. A masked column may hold anything.

    Bare digits in a source's own identifiers may be by chance what they seem: they count in a row that is quarantined
    anyway, as it has no CPF that is right.
    """
    if column.sensitive:
        return F.lit(False)
    text, found = _searched(column), F.col(_FOUND)
    if column.format is ColumnFormat.IDENTIFIER:
        (own_cpf,) = [column for column in contract.columns if column.format is ColumnFormat.CPF]
        unfit = _cpf_is_unfit(own_cpf.name, own_cpf.required)
        found = F.filter(found, lambda one: is_written_as_one(one) | unfit)
    return row_is_suspect() & (holds_own(text, _own(contract)) | holds_one_of(text, found))


def is_misplaced(name: str) -> Column:
    """Whether that was found of the column. Never NULL."""
    return F.coalesce(fault(name) == IDENTIFIER_IN_TEXT, F.lit(False))


@lru_cache
def _cpf_is_unfit(name: str, required: bool) -> Column:
    """Whether the row's CPF breaks a rule. Made once: it is hundreds of calls into Java."""
    text = normalised(name)
    broken = cpf.fault(text, F.col(f"_p_{name}")).isNotNull()
    return broken | text.isNull() if required else broken


def _searched(column: ContractColumn) -> Column:
    """The column's text, NULL where it need not be searched.

    What could be read as a date holds no identifier; of plain amounts only one that is as long can: the part before the
    decimal point.
    """
    text = normalised(column.name)
    if column.format in (ColumnFormat.DATE, ColumnFormat.TIMESTAMP):
        return F.when(value(column.name).isNull(), text)
    if column.format is ColumnFormat.MONEY:
        whole = F.substring_index(text, ".", 1)
        return F.when(F.col(f"_plain_{column.name}").isNull(), text).when(F.length(whole) >= SHORTEST, whole)
    return text


def _own(contract: Contract) -> list[tuple[ColumnFormat, Column]]:
    return [(column.format, normalised(column.name)) for column in contract.sensitive_columns]

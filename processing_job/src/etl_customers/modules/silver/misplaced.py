"""Which of a row's columns hold an identifier that belongs into another: sources shift columns, people mistype."""

from __future__ import annotations

from collections.abc import Iterable

from customer_contract import Column as ContractColumn
from customer_contract import ColumnFormat, Contract
from pyspark.sql import Column
from pyspark.sql import functions as F

from etl_customers.modules.silver import cpf
from etl_customers.modules.silver.identifiers import SHORTEST, holds_any, holds_marked, holds_own
from etl_customers.modules.silver.step_columns import fault, normalised, value
from etl_customers.modules.silver.text import joined

IDENTIFIER_IN_TEXT = "IDENTIFIER_IN_TEXT"
_SUSPECT = "_suspect"


def suspect(contract: Contract) -> dict[str, Column]:
    """The column by which most rows are done with: whether any text of the row contains an identifier."""
    keys = _joined(column for column in contract.columns if column.format is ColumnFormat.IDENTIFIER)
    others = _joined(column for column in contract.columns if column.format is not ColumnFormat.IDENTIFIER)
    own = holds_own(F.concat(keys, others), _own(contract))
    return {_SUSPECT: own | holds_any(others) | _held_by_key(keys, contract)}


def row_is_suspect() -> Column:
    """Whether the row has an identifier in its texts."""
    return F.col(_SUSPECT)


def misplaced_in(column: ContractColumn, contract: Contract) -> Column:
    """Whether this column's text is one that contains an identifier. A masked column may hold anything."""
    if column.sensitive:
        return F.lit(False)
    text = _searched(column)
    alone = _held_by_key(text, contract) if column.format is ColumnFormat.IDENTIFIER else holds_any(text)
    return row_is_suspect() & (holds_own(text, _own(contract)) | alone)


def is_misplaced(name: str) -> Column:
    """Whether that was found of the column. Never NULL."""
    return F.coalesce(fault(name) == IDENTIFIER_IN_TEXT, F.lit(False))


def _held_by_key(text: Column, contract: Contract) -> Column:
    """Whether a source's own identifiers hold one. Bare digits may be by chance what they seem: they count in a row
    that is quarantined anyway, as it has no CPF that is right.
    """
    return holds_marked(text) | (holds_any(text) & _cpf_is_unfit(contract))


def _cpf_is_unfit(contract: Contract) -> Column:
    (column,) = [column for column in contract.columns if column.format is ColumnFormat.CPF]
    text = normalised(column.name)
    broken = cpf.fault(text, cpf.number(text)).isNotNull()
    return broken | text.isNull() if column.required else broken


def _joined(columns: Iterable[ContractColumn]) -> Column:
    return joined([_searched(column) for column in columns if not column.sensitive])


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

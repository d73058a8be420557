"""What the job must find in a contract, since silver and gold know it by its name or its format."""

from __future__ import annotations

from collections.abc import Mapping

from customer_contract.vocabulary import ColumnFormat

#: Column -> the formats of which it must be one; none: any will do.
NEEDED: dict[str, tuple[ColumnFormat, ...]] = {
    "purchase_id": (),
    "purchase_date": (ColumnFormat.DATE,),
    "total_amount": (ColumnFormat.MONEY,),
    "store_location": (ColumnFormat.STORE,),
    "email": (ColumnFormat.EMAIL, ColumnFormat.TEXT),
}
_UNFILLED = "sources need not fill it, and services map other names to it"


def missing(formats: Mapping[str, ColumnFormat]) -> str | None:
    """What is not among those columns, and what to do; None if nothing is missing.

    Args:
        formats: column -> its format.
    """
    for name, suited in NEEDED.items():
        if name not in formats or (suited and formats[name] not in suited):
            of_format = f", of format {' or '.join(suited)}" if suited else ""
            return f"column {name} must be there{of_format}, as silver and gold know it by name: {_UNFILLED}"
    if ColumnFormat.CPF not in formats.values():
        return f"a column must be there of format cpf, by which customers are known: without required, {_UNFILLED}"
    return None

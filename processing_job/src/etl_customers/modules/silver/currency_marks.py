"""In which currencies silver's purchases may be, as properties of silver.purchases.

gold.customer_360 has columns for each of the contract's: the revenue of one that is taken away would be nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etl_customers.errors import ContractBreaksTable

#: Before the code of a currency: the table property.
PROPERTY = "contract.currency."


@dataclass(frozen=True)
class CurrencyMarks:
    """The contract's currencies, as a LakeTable takes them."""

    currencies: tuple[str, ...]

    @property
    def properties(self) -> dict[str, str]:
        """A table property for each currency."""
        return {f"{PROPERTY}{currency}": "listed" for currency in self.currencies}

    def check(self, kept: Mapping[str, str]) -> None:
        """Compare with the properties of a table.

        Raises:
            ContractBreaksTable: its rows may be in a currency that the contract lists no more.
        """
        listed = {name.removeprefix(PROPERTY) for name in kept if name.startswith(PROPERTY)}
        if gone := sorted(listed - set(self.currencies)):
            raise ContractBreaksTable(f"silver.purchases: rows may be in {', '.join(gone)}, which is listed no more")

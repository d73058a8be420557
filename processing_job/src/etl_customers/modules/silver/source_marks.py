"""Which key namespace and trust each source's rows were made with, as properties of silver.purchases.

Keys of another namespace do not meet those on record: each purchase that is delivered again would be there twice. And
priorities are compared with those that the rows carry, so that a changed one would let the wrong version win.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from customer_contract import SourceProfile

from etl_customers.errors import ContractBreaksTable

#: Before the name of a source: the table property that holds its mark.
PROPERTY = "contract.source."


@dataclass(frozen=True)
class SourceMarks:
    """The marks of the contract's sources, as a LakeTable takes them."""

    sources: tuple[SourceProfile, ...]

    @property
    def properties(self) -> dict[str, str]:
        """A table property for each source."""
        return {f"{PROPERTY}{source.name}": f"{source.priority} {source.key_namespace}" for source in self.sources}

    def check(self, kept: Mapping[str, str]) -> None:
        """Compare with the properties of a table; a source without a mark is new, or of a release that set none.

        Raises:
            ContractBreaksTable: rows of a source were made with another namespace or priority.
        """
        breaks, marks = [], {**self.properties, **kept}
        for source in self.sources:
            priority, _, namespace = marks[f"{PROPERTY}{source.name}"].partition(" ")
            if namespace != source.key_namespace:
                breaks.append(f"source {source.name}: its keyNamespace is {namespace}, not {source.key_namespace}")
            if priority != str(source.priority):
                breaks.append(f"source {source.name}: its priority is {priority}, not {source.priority}")
        if breaks:
            raise ContractBreaksTable(f"silver.purchases: {'; '.join(breaks)}")

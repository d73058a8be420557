"""terraform/prices.yaml: what things cost, and what an environment is assumed to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cdp_terraform import TERRAFORM

SOURCE = TERRAFORM / "prices.yaml"


@dataclass(frozen=True)
class Prices:
    """The file, for one region.

    Attributes:
        raw: the file as it is.
        region: Azure region, a key of `regions`.
    """

    raw: dict[str, Any]
    region: str

    @classmethod
    def read(cls, region: str, path: Path = SOURCE) -> Prices:
        """The prices of a region.

        Raises:
            ValueError: the file has no factors for the region.
        """
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        if region not in raw["regions"]:
            raise ValueError(
                f"{path.name} has no region {region}: add its factors, or take one of {sorted(raw['regions'])}"
            )
        return cls(raw, region)

    @property
    def hours(self) -> float:
        """Hours of a month."""
        return float(self.raw["hours_per_month"])

    def of(self, name: str) -> float:
        """US dollars of an entry of `prices`, for the region. Databricks' units cost the same everywhere.

        Raises:
            ValueError: there is no such price.
        """
        if name not in self.raw["prices"]:
            raise ValueError(f"prices.yaml has no price {name}: add it with its source")
        factor = 1.0 if name.startswith("dbu") else self.raw["regions"][self.region]["other"]
        return float(self.raw["prices"][name]["price"]) * float(factor)

    def machine_hour(self, kind: str) -> float:
        """US dollars an hour of a type of machine, for the region.

        Raises:
            ValueError: the type is not in the file.
        """
        if kind not in self.raw["machines"]:
            raise ValueError(f"prices.yaml has no machine {kind}: add its price an hour with its source")
        return float(self.raw["machines"][kind]["hour"]) * float(self.raw["regions"][self.region]["machines"])

    def dbu_hour(self, kind: str) -> float:
        """Databricks' units that a type of machine takes in an hour.

        Raises:
            ValueError: the file does not say.
        """
        if "dbu_per_hour" not in self.raw["machines"].get(kind, {}):
            raise ValueError(f"prices.yaml does not say dbu_per_hour of {kind}")
        return float(self.raw["machines"][kind]["dbu_per_hour"])

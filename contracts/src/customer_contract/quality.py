"""Quality rules: what share, age or volume of a source's rows is still acceptable, and what follows if it is not.

ODCS v3.1 `quality` entries of type `custom` and engine `etl-customers`; on a property they judge that column alone.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: The engine whose `custom` rules are ours; rules of other engines are theirs to run.
ENGINE = "etl-customers"


class Measure(StrEnum):
    """What a rule judges, for each source by itself."""

    #: Rows in quarantine, as percent of the rows read.
    QUARANTINED_SHARE = "quarantined_share"
    #: Rows in which the rule's column breaks a rule, as percent of the rows read.
    INVALID_SHARE = "invalid_share"
    #: Hours since the source's newest row came to bronze.
    ARRIVAL_AGE = "arrival_age"
    #: Hours since the newest event among the source's accepted rows.
    EVENT_AGE = "event_age"
    #: Rows read, as percent of the median of the source's runs before.
    VOLUME = "volume"

    @property
    def unit(self) -> str:
        """`hours` or `percent`."""
        return "hours" if self in (Measure.ARRIVAL_AGE, Measure.EVENT_AGE) else "percent"


class Severity(StrEnum):
    """`warning` is reported; `error` keeps gold as it was."""

    WARNING = "warning"
    ERROR = "error"


class QualityRule(BaseModel):
    """One expectation.

    Attributes:
        sources: the sources it holds for; all of them if empty.
        less_than, at_least: the acceptable range, `at_least` included and `less_than` not; one may be open.
        minimum_rows: a share is judged over at least so many rows, a volume only where it or the median has so many.
        runs: how many of the source's runs a volume is compared with at most.
        minimum_runs: a volume is not judged before so many runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"\A[a-z][a-z0-9_]*\z")
    description: str = ""
    dimension: str | None = None
    severity: Severity
    unit: str | None = None
    column: str | None = None
    measure: Measure
    sources: tuple[str, ...] = ()
    less_than: float | None = None
    at_least: float | None = None
    minimum_rows: int = Field(default=1, ge=1)
    runs: int = Field(default=10, ge=1)
    minimum_runs: int = Field(default=3, ge=1)

    @property
    def threshold(self) -> str:
        """The acceptable range, for people: `>= 20, < 500`."""
        bounds = ((">=", self.at_least), ("<", self.less_than))
        return ", ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)

    def accepts(self, value: float) -> bool:
        """True if `value` lies in the acceptable range."""
        above = self.at_least is None or value >= self.at_least
        return above and (self.less_than is None or value < self.less_than)

    def applies_to(self, source: str) -> bool:
        """True if the rule holds for that source."""
        return not self.sources or source in self.sources

    @model_validator(mode="after")
    def _sound(self) -> QualityRule:
        if self.less_than is None and self.at_least is None:
            raise ValueError(
                f"quality rule {self.name} has no threshold: give mustBeLessThan or mustBeGreaterOrEqualTo"
            )
        if self.unit not in (None, self.measure.unit):
            raise ValueError(f"quality rule {self.name}: {self.measure} is in {self.measure.unit}, not in {self.unit}")
        if (self.measure is Measure.INVALID_SHARE) != (self.column is not None):
            raise ValueError(f"quality rule {self.name}: invalid_share belongs on a property, the others on the schema")
        return self

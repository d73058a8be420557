"""The contract as the code sees it: immutable, validated, free of YAML.

The vocabulary (required, logicalType, classification, customProperties) is the Open Data Contract Standard's, v3.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from customer_contract.names import abbreviated, match_key
from customer_contract.needed import missing
from customer_contract.quality import QualityRule
from customer_contract.reserved import DERIVED, OF_CUSTOMERS
from customer_contract.time_formats import ISO_8601, pattern_fault, zone_fault
from customer_contract.vocabulary import (
    MASKS,
    ColumnFormat,
    LogicalType,
    Mask,
    MoneyLocale,
    PersonalData,
    RawFormat,
    Subject,
    Survivorship,
)

#: ISO 4217 code.
Currency = Annotated[str, Field(pattern=r"\A[A-Z]{3}\z")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Frozen):
    """One column of the contract."""

    name: str = Field(pattern=r"\A[a-z][a-z0-9_]*\z")
    description: str = ""
    logical_type: LogicalType
    physical_type: str
    required: bool = False
    format: ColumnFormat
    personal_data: PersonalData
    mask: Mask
    subject: Subject = Subject.PURCHASE
    survivorship: Survivorship | None = None
    max_length: int | None = Field(default=None, gt=0)
    minimum: Decimal | None = None
    classification: str | None = None

    @property
    def sensitive(self) -> bool:
        """True if the clear value must never leave bronze."""
        return self.mask is not Mask.NONE

    @model_validator(mode="after")
    def _golden_fields_have_a_rule(self) -> Column:
        if (self.subject is Subject.CUSTOMER) != (self.survivorship is not None):
            raise ValueError(
                f"column {self.name}: a column of subject customer, and no other, needs a survivorship rule: "
                f"one of {', '.join(Survivorship)}"
            )
        return self

    @model_validator(mode="after")
    def _sensitive_is_masked(self) -> Column:
        if self.personal_data in (PersonalData.DIRECT_IDENTIFIER, PersonalData.FINANCIAL) and not self.sensitive:
            raise ValueError(f"column {self.name}: personalData {self.personal_data} needs a mask other than none")
        return self

    @model_validator(mode="after")
    def _mask_suits_format(self) -> Column:
        if self.mask in (suited := MASKS[self.format]):
            return self
        instead = f"give mask {' or '.join(suited)}"
        if suited == (Mask.NONE,):
            instead += f", or, to hide the value, format {ColumnFormat.TEXT} and mask {Mask.FULL}"
        raise ValueError(f"column {self.name}: format {self.format} cannot be shown under mask {self.mask}: {instead}")

    @model_validator(mode="after")
    def _name_is_free(self) -> Column:
        of_golden_record = self.subject is Subject.CUSTOMER and self.name in OF_CUSTOMERS
        if self.name in DERIVED or of_golden_record:
            raise ValueError(f"column {self.name}: silver has a column of its own of that name: give another name")
        return self


class SourceProfile(_Frozen):
    """What silver must know of one source to read its text."""

    name: str = Field(pattern=r"\A[a-z][a-z0-9_]*\z")
    raw_format: RawFormat
    priority: int = Field(ge=1)
    key_namespace: str
    money_locale: MoneyLocale
    currency: Currency
    date_format: str
    timestamp_formats: tuple[str, ...] = Field(min_length=1)
    time_zone: str
    numeric_cpf: bool = False

    @model_validator(mode="after")
    def _can_be_read_by(self) -> SourceProfile:
        if self.date_format == ISO_8601:
            raise ValueError(f"source {self.name}: dateFormat {ISO_8601}: that is for times: write yyyy-MM-dd")
        times = [("timestampFormats", pattern) for pattern in self.timestamp_formats if pattern != ISO_8601]
        for setting, pattern in [("dateFormat", self.date_format), *times]:
            if fault := pattern_fault(pattern):
                raise ValueError(f"source {self.name}: {setting} {pattern!r}: {fault}")
        if fault := zone_fault(self.time_zone):
            raise ValueError(f"source {self.name}: timeZone {self.time_zone!r}: {fault}")
        return self


class Store(_Frozen):
    """One store of the reference list; `aliases` are the other spellings of `name`."""

    id: str
    name: str
    state: str = Field(pattern=r"\A[A-Z]{2}\z")
    aliases: tuple[str, ...] = ()

    def match_keys(self, abbreviations: Mapping[str, Sequence[str]] | None = None) -> frozenset[str]:
        """Every normalised spelling under which a source may name this store.

        The id, the name (`Belo Horizonte - Savassi`, its parts in either order) and the aliases; each with any of its
        words abbreviated, and with the state before it, behind it or left out.
        """
        parts = self.name.split(" - ")
        spelt_out = {match_key(text) for text in (self.id, self.name, " ".join(reversed(parts)), *self.aliases)}
        spellings = {short for text in spelt_out for short in abbreviated(text, abbreviations or {})}
        return frozenset(form for text in spellings for form in (text, f"{text} {self.state}", f"{self.state} {text}"))


class Contract(_Frozen):
    """The whole contract: columns in raw order, sources, stores, and the constants of the domain."""

    id: str
    name: str
    version: str
    columns: tuple[Column, ...] = Field(min_length=1)
    sources: tuple[SourceProfile, ...] = Field(min_length=1)
    stores: tuple[Store, ...] = Field(min_length=1)
    store_abbreviations: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    currencies: tuple[Currency, ...] = Field(min_length=1)
    high_value_purchase: Decimal
    quality: tuple[QualityRule, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in contract order."""
        return tuple(column.name for column in self.columns)

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Names of the mandatory columns."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def golden_columns(self) -> tuple[tuple[Column, Survivorship], ...]:
        """The columns of the golden record of a customer, each with its rule of survivorship."""
        return tuple((column, column.survivorship) for column in self.columns if column.survivorship is not None)

    @property
    def sensitive_columns(self) -> tuple[Column, ...]:
        """The columns whose clear values must not be found past bronze."""
        return tuple(column for column in self.columns if column.sensitive)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def source(self, name: str) -> SourceProfile:
        """The profile of that source; KeyError if the contract has none."""
        for source in self.sources:
            if source.name == name:
                return source
        raise KeyError(name)

    def store_aliases(self) -> dict[str, Store]:
        """Normalised spelling -> store, for every spelling of the reference list."""
        return {key: store for store in self.stores for key in store.match_keys(self.store_abbreviations)}

    @model_validator(mode="after")
    def _consistent(self) -> Contract:
        _refuse_repeats("column", self.column_names)
        # silver derives columns from these, under names of its own
        _refuse_repeats("format", [c.format for c in self.columns if c.format in ("cpf", "money", "store")])
        _refuse_repeats("source", [source.name for source in self.sources])
        _refuse_repeats("source priority", [str(source.priority) for source in self.sources])
        _refuse_repeats("store id", [store.id for store in self.stores])
        spellings = [key for store in self.stores for key in store.match_keys(self.store_abbreviations)]
        _refuse_repeats("store spelling", spellings)
        _refuse_repeats("currency", self.currencies)
        _refuse_repeats("quality rule", [rule.name for rule in self.quality])
        known = {source.name for source in self.sources}
        for rule in self.quality:
            if strangers := set(rule.sources) - known:
                raise ValueError(f"quality rule {rule.name} names unknown sources: {', '.join(sorted(strangers))}")
        unknown = {source.currency for source in self.sources} - set(self.currencies)
        if unknown:
            raise ValueError(f"currency of a source is not among currencies: {', '.join(sorted(unknown))}")
        return self

    @model_validator(mode="after")
    def _can_be_processed(self) -> Contract:
        if fault := missing({column.name: column.format for column in self.columns}):
            raise ValueError(fault)
        if not self.golden_columns:
            customer = f"{Subject.CUSTOMER}: silver.customers would be empty"
            raise ValueError(f"no column is of subject {customer}: give it to the CPF's, with a survivorship rule")
        return self


def _refuse_repeats(what: str, values: tuple[str, ...] | list[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{what} {value!r} is declared twice")
        seen.add(value)

"""The data contract of the platform: what every component knows of the data."""

from customer_contract.errors import ContractError
from customer_contract.loader import load_contract
from customer_contract.model import Column, Contract, SourceProfile, Store
from customer_contract.quality import Measure, QualityRule, Severity
from customer_contract.vocabulary import (
    ColumnFormat,
    LogicalType,
    Mask,
    MoneyLocale,
    PersonalData,
    RawFormat,
    Subject,
    Survivorship,
)

__all__ = [
    "Column",
    "ColumnFormat",
    "Contract",
    "ContractError",
    "LogicalType",
    "Mask",
    "Measure",
    "MoneyLocale",
    "PersonalData",
    "QualityRule",
    "RawFormat",
    "Severity",
    "SourceProfile",
    "Store",
    "Subject",
    "Survivorship",
    "load_contract",
]

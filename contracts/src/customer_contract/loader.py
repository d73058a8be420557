"""Reads the contract: an ODCS v3.1 file and the reference list of stores beside it."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from customer_contract.errors import ContractError
from customer_contract.model import Contract
from customer_contract.quality import ENGINE

CONTRACT_FILE = "customers.odcs.yaml"
_API_VERSIONS = ("v3.0.", "v3.1.")


@cache
def load_contract(path: Path | None = None) -> Contract:
    """The contract at `path`, or the one this package ships.

    Raises:
        ContractError: the file cannot be read or breaks a rule.
    """
    if path is not None:
        return _load(path)
    with resources.as_file(resources.files("customer_contract")) as folder:
        return _load(folder / CONTRACT_FILE)


def _load(path: Path) -> Contract:
    document = _read_yaml(path)
    if not str(document.get("apiVersion", "")).startswith(_API_VERSIONS):
        raise ContractError(f"{path.name}: apiVersion must be an ODCS v3.0 or v3.1 version")
    properties = _custom(document)
    try:
        (table,) = document["schema"]
        reference = _read_yaml(path.parent / properties["storeReference"])
        raw = {
            "id": document["id"],
            "name": document["name"],
            "version": document["version"],
            "columns": [_column(item) for item in table["properties"]],
            "sources": [_snake_keys(item) for item in properties["sources"]],
            "stores": reference["stores"],
            "store_abbreviations": reference.get("abbreviations", {}),
            "currencies": properties["currencies"],
            "high_value_purchase": str(properties["highValuePurchase"]),
            "quality": _quality(table),
        }
    except KeyError as missing:
        raise ContractError(f"{path.name}: {missing} is missing") from None
    except ValueError:
        raise ContractError(f"{path.name}: schema must hold exactly one table") from None
    except (TypeError, AttributeError) as error:  # a list, a mapping or a text, each where another is due
        raise ContractError(f"{path.name}: has not the form of a contract ({error})") from None
    try:
        return Contract.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ContractError(f"{path.name}: {faults}") from None


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContractError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ContractError(f"{path.name}: is not UTF-8") from None
    except yaml.YAMLError as error:
        raise ContractError(f"{path.name}: is not valid YAML: {error}") from None
    if not isinstance(document, dict):
        raise ContractError(f"{path.name}: must be a YAML mapping")
    return document


def _custom(item: dict[str, Any]) -> dict[str, Any]:
    return {entry["property"]: entry["value"] for entry in item.get("customProperties", ())}


def _column(item: dict[str, Any]) -> dict[str, Any]:
    options = item.get("logicalTypeOptions", {})
    minimum = options.get("minimum")
    return {
        "name": item["name"],
        "description": item.get("description", ""),
        "logical_type": item["logicalType"],
        "physical_type": item["physicalType"],
        "required": item.get("required", False),
        "classification": item.get("classification"),
        "max_length": options.get("maxLength"),
        "minimum": None if minimum is None else str(minimum),
        **_snake_keys(_custom(item)),
    }


_TOLD = ("name", "description", "dimension", "severity", "unit")
#: ODCS operators -> attributes of QualityRule.
_OPERATORS = {"mustBeLessThan": "less_than", "mustBeGreaterOrEqualTo": "at_least"}


def _quality(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Our rules of the table and of its properties; ODCS wants a custom rule's threshold in its implementation."""
    found = []
    for column, item in [(None, table), *((each["name"], each) for each in table["properties"])]:
        for rule in item.get("quality", ()):
            if rule.get("engine") != ENGINE:
                continue
            if not isinstance(rule["implementation"], dict):
                raise ContractError(f"quality rule {rule.get('name')}: implementation must be a mapping")
            told = {name: rule[name] for name in _TOLD if name in rule}
            given: dict[str, Any] = rule["implementation"]
            bounds = {_OPERATORS[name]: value for name, value in given.items() if name in _OPERATORS}
            others = {name: value for name, value in given.items() if name not in _OPERATORS}
            found.append({**told, "column": column, **bounds, **_snake_keys(others)})
    return found


def _snake_keys(item: dict[str, Any]) -> dict[str, Any]:
    return {"".join(f"_{c.lower()}" if c.isupper() else c for c in key): value for key, value in item.items()}

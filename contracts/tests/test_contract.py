"""The contract file as it is, and what the loader says of broken ones."""

from collections.abc import Callable
from pathlib import Path
from shutil import copy

import pytest
import yaml
from pydantic import ValidationError

from customer_contract import Column, ContractError, Mask, MoneyLocale, Severity, Survivorship, load_contract
from customer_contract.names import abbreviated, match_key
from customer_contract.reserved import DERIVED, OF_CUSTOMERS

CONTRACTS = Path(__file__).resolve().parents[1]
_READ_AS_VALUES = ("purchase_date", "updated_at", "total_amount", "store_location")
_TEXTS = ("customer_id", "first_name", "product")


def test_the_shipped_contract_has_the_columns_of_the_design_in_order() -> None:
    assert load_contract().column_names == (
        "customer_id",
        "cpf",
        "first_name",
        "last_name",
        "email",
        "credit_card_number",
        "purchase_date",
        "total_amount",
        "product",
        "store_location",
        "purchase_id",
        "updated_at",
    )


def test_mandatory_and_sensitive_columns() -> None:
    contract = load_contract()
    assert contract.required_columns == ("customer_id", "cpf")
    assert {c.name: c.mask for c in contract.sensitive_columns} == {
        "cpf": Mask.CPF_LAST3,
        "email": Mask.EMAIL_DOMAIN,
        "credit_card_number": Mask.CARD_LAST4,
    }


def test_each_source_declares_its_locale_and_date_format() -> None:
    contract = load_contract()
    assert contract.source("csv").money_locale is MoneyLocale.PT_BR
    assert contract.source("csv").date_format == "dd/MM/yyyy"
    assert contract.source("database").date_format == "yyyy-MM-dd"


@pytest.mark.parametrize(
    "spelling",
    [
        "São Paulo - Paulista",
        "SAO  PAULO PAULISTA",
        "Sa\u0303o Paulo – Paulista",
        "sp-001",
        "Paulista/SP",
        "SP - Paulista",
        "SP — são paulo, paulista",
        "Paulista (São Paulo)",
        "S. Paulo - Paulista - SP",
        "AV PAULISTA",
    ],
)
def test_a_store_is_found_under_every_spelling(spelling: str) -> None:
    assert load_contract().store_aliases()[match_key(spelling)].id == "SP-001"


def test_words_are_abbreviated_in_names_of_several_words_only() -> None:
    short = {"São": ["S"], "Porto": ["P", "Pto"]}
    assert abbreviated("SAO PAULO PORTO", short) == {
        "SAO PAULO PORTO",
        "S PAULO PORTO",
        "SAO PAULO P",
        "S PAULO P",
        "SAO PAULO PTO",
        "S PAULO PTO",
    }
    assert abbreviated("PORTO", short) == {"PORTO"}


def test_no_spelling_of_a_store_leads_to_another_state() -> None:
    aliases = load_contract().store_aliases()
    assert "RJ PAULISTA" not in aliases
    assert aliases["RJ COPACABANA"].id == aliases["COPACABANA RIO DE JANEIRO"].id == "RJ-001"
    assert aliases["B HORIZONTE"].id == "MG-001"


def test_a_spelling_shared_by_two_stores_is_refused(tmp_path: Path) -> None:
    copy(CONTRACTS / "customers.odcs.yaml", tmp_path)
    stores = yaml.safe_load((CONTRACTS / "stores.yaml").read_text(encoding="utf-8"))
    stores["stores"].append({"id": "SP-009", "name": "S. Paulo", "state": "SP"})
    (tmp_path / "stores.yaml").write_text(yaml.safe_dump(stores), encoding="utf-8")
    with pytest.raises(ContractError, match="store spelling .* is declared twice"):
        load_contract(tmp_path / "customers.odcs.yaml")


def test_every_field_of_a_customer_declares_which_value_survives() -> None:
    rules = {column.name: rule for column, rule in load_contract().golden_columns}
    assert rules == {
        "customer_id": Survivorship.MOST_TRUSTED,
        "cpf": Survivorship.NEWEST,
        "first_name": Survivorship.NEWEST,
        "last_name": Survivorship.NEWEST,
        "email": Survivorship.NEWEST,
        "credit_card_number": Survivorship.NEWEST,
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.update(apiVersion="v2.0.0"), "apiVersion"),
        (lambda d: d.pop("schema"), "'schema' is missing"),
        (lambda d: d["schema"].append({}), "exactly one table"),
        (lambda d: d.update(schema=None), "not the form of a contract"),
        (lambda d: d["schema"][0].update(properties=["cpf"]), "not the form of a contract"),
        (lambda d: d["schema"][0]["properties"].append(d["schema"][0]["properties"][0]), "declared twice"),
        (lambda d: _set(d, "email", "mask", "none"), "needs a mask"),
        (lambda d: _set(d, "product", "format", "money"), "format .*money.* is declared twice"),
        (lambda d: _set(d, "email", "format", "e-mail"), "format"),
        (lambda d: _set(d, "email", "survivorship", "loudest"), "survivorship.*'newest', 'oldest' or 'most_trusted'"),
        (lambda d: _set(d, "email", "subject", "purchase"), "email.*needs a survivorship rule: one of newest, oldest"),
        (lambda d: _property(d, "currencies")["value"].append("eur"), "currencies.2: .*should match pattern"),
        (lambda d: _set(d, "purchase_date", "mask", "full"), "purchase_date.*mask none, or.*format text and mask full"),
        (
            lambda d: _rename(d, "product", "currency"),
            "column currency: silver has a column of its own .* another name",
        ),
        (lambda d: _first_rule(d)["implementation"].pop("mustBeLessThan"), "has no threshold"),
        (lambda d: _first_rule(d)["implementation"].update(measure="mood"), "measure"),
        (lambda d: _first_rule(d)["implementation"].update(measure="invalid_share"), "belongs on a property"),
        (lambda d: _first_rule(d)["implementation"].update(sources=["crm"]), "unknown sources: crm"),
        (lambda d: _first_rule(d).update(unit="hours"), "not in hours"),
        (lambda d: _first_rule(d).update(severity="fatal"), "severity"),
        (lambda d: _first_rule(d).update(implementation="look at it"), "must be a mapping"),
    ],
)
def test_a_broken_contract_is_refused_with_the_reason(
    tmp_path: Path, change: Callable[[dict], object], says: str
) -> None:
    path = _changed(tmp_path, change)
    with pytest.raises(ContractError, match=says):
        load_contract(path)


def _column(name: str, /, **changes: str) -> Column:
    return Column.model_validate(load_contract().column(name).model_dump() | changes)


@pytest.mark.parametrize(
    ("column", "changes", "says"),
    [
        *((name, {"mask": "full"}, "mask none, or, .* format text and mask full") for name in _READ_AS_VALUES),
        *((name, {"mask": "email_domain"}, "email_domain: give mask none or full") for name in _TEXTS),
        ("email", {"mask": "cpf_last3"}, "format email .* cpf_last3: give mask email_domain or full"),
        ("cpf", {"mask": "card_last4"}, "format cpf .* card_last4: give mask cpf_last3 or full"),
        ("credit_card_number", {"mask": "email_domain"}, "format payment_card .* give mask card_last4 or full"),
        ("product", {"format": "cpf"}, "format cpf .* mask none: give mask cpf_last3 or full"),
    ],
)
def test_a_mask_must_suit_the_format(column: str, changes: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=f"column {column}: .*{says}"):
        _column(column, **changes)


def test_a_text_may_be_hidden_whole() -> None:
    for name in (*_TEXTS, "cpf", "email", "credit_card_number"):
        assert _column(name, mask="full").sensitive


def test_names_that_silver_gives_are_refused() -> None:
    refused = [("product", name) for name in DERIVED] + [("first_name", name) for name in OF_CUSTOMERS]
    for column, name in refused:
        with pytest.raises(ValidationError, match=f"column {name}: silver has a column of its own"):
            _column(column, name=name)
    with pytest.raises(ValidationError, match="should match pattern"):
        _column("product", name="_source")
    assert _column("product", name="sources").name == "sources", "only the golden record has one"


def test_quality_rules_come_from_the_table_and_from_its_columns() -> None:
    rules = {rule.name: rule for rule in load_contract().quality}
    share, cpf = rules["quarantined_share"], rules["cpf_invalid_share"]
    assert (share.severity, share.column, cpf.column) == (Severity.ERROR, None, "cpf")
    assert share.accepts(24.9) and not share.accepts(25)
    assert rules["volume"].threshold == ">= 20, < 500"
    assert rules["volume"].accepts(20) and not rules["volume"].accepts(19.9)


def test_rules_of_other_engines_are_left_to_them(tmp_path: Path) -> None:
    path = _changed(tmp_path, lambda d: _first_rule(d).update(engine="soda"))
    assert len(load_contract(path).quality) == len(load_contract().quality) - 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="nowhere.yaml"):
        load_contract(tmp_path / "nowhere.yaml")


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_text("name: São Paulo\n", encoding="latin-1")
    with pytest.raises(ContractError, match="latin.yaml: is not UTF-8"):
        load_contract(tmp_path / "latin.yaml")


def _changed(folder: Path, change: Callable[[dict], object]) -> Path:
    """A contract of that folder's own: the shipped one, changed."""
    document = yaml.safe_load((CONTRACTS / "customers.odcs.yaml").read_text(encoding="utf-8"))
    change(document)
    copy(CONTRACTS / "stores.yaml", folder)
    path = folder / "customers.odcs.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def _property(document: dict, name: str) -> dict:
    (entry,) = [e for e in document["customProperties"] if e["property"] == name]
    return entry


def _rename(document: dict, column: str, name: str) -> None:
    (item,) = [p for p in document["schema"][0]["properties"] if p["name"] == column]
    item["name"] = name


def _set(document: dict, column: str, name: str, value: str) -> None:
    (item,) = [p for p in document["schema"][0]["properties"] if p["name"] == column]
    (entry,) = [e for e in item["customProperties"] if e["property"] == name]
    entry["value"] = value


def _first_rule(document: dict) -> dict:
    return document["schema"][0]["quality"][0]

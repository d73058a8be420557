"""The contract file as it is, and what the loader says of broken ones."""

from pathlib import Path
from shutil import copy

import pytest
import yaml

from customer_contract import ContractError, Mask, MoneyLocale, Severity, Survivorship, load_contract
from customer_contract.names import abbreviated, match_key

CONTRACTS = Path(__file__).resolve().parents[1]


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
        (lambda d: _first_rule(d)["implementation"].pop("mustBeLessThan"), "has no threshold"),
        (lambda d: _first_rule(d)["implementation"].update(measure="mood"), "measure"),
        (lambda d: _first_rule(d)["implementation"].update(measure="invalid_share"), "belongs on a property"),
        (lambda d: _first_rule(d)["implementation"].update(sources=["crm"]), "unknown sources: crm"),
        (lambda d: _first_rule(d).update(unit="hours"), "not in hours"),
        (lambda d: _first_rule(d).update(severity="fatal"), "severity"),
        (lambda d: _first_rule(d).update(implementation="look at it"), "must be a mapping"),
    ],
)
def test_a_broken_contract_is_refused_with_the_reason(tmp_path: Path, change: object, says: str) -> None:
    document = yaml.safe_load((CONTRACTS / "customers.odcs.yaml").read_text(encoding="utf-8"))
    change(document)  # type: ignore[operator]
    copy(CONTRACTS / "stores.yaml", tmp_path)
    path = tmp_path / "customers.odcs.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(ContractError, match=says):
        load_contract(path)


def test_quality_rules_come_from_the_table_and_from_its_columns() -> None:
    rules = {rule.name: rule for rule in load_contract().quality}
    share, cpf = rules["quarantined_share"], rules["cpf_invalid_share"]
    assert (share.severity, share.column, cpf.column) == (Severity.ERROR, None, "cpf")
    assert share.accepts(24.9) and not share.accepts(25)
    assert rules["volume"].threshold == ">= 20, < 500"
    assert rules["volume"].accepts(20) and not rules["volume"].accepts(19.9)


def test_rules_of_other_engines_are_left_to_them(tmp_path: Path) -> None:
    document = yaml.safe_load((CONTRACTS / "customers.odcs.yaml").read_text(encoding="utf-8"))
    _first_rule(document)["engine"] = "soda"
    copy(CONTRACTS / "stores.yaml", tmp_path)
    path = tmp_path / "customers.odcs.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    assert len(load_contract(path).quality) == len(load_contract().quality) - 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="nowhere.yaml"):
        load_contract(tmp_path / "nowhere.yaml")


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_text("name: São Paulo\n", encoding="latin-1")
    with pytest.raises(ContractError, match="latin.yaml: is not UTF-8"):
        load_contract(tmp_path / "latin.yaml")


def _set(document: dict, column: str, name: str, value: str) -> None:
    (item,) = [p for p in document["schema"][0]["properties"] if p["name"] == column]
    (entry,) = [e for e in item["customProperties"] if e["property"] == name]
    entry["value"] = value


def _first_rule(document: dict) -> dict:
    return document["schema"][0]["quality"][0]

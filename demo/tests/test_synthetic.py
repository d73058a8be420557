"""The synthetic data: the same bytes each time, valid where it must be, dirty exactly as often as stated."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from customer_contract import load_contract
from customer_contract.names import match_key

from demo.partner_api import FIELD_MAP
from demo.people import make_customers, with_cpf_check_digits, with_luhn_digit
from demo.shares import Fault, Pairing, Shares, SourceName
from demo.synthetic import CSV_FILES, DATABASE_FILE, DROP_FOLDER, PARTNER_FILE, write_dataset

ROWS, SEED = 6_000, 11
NAMES = load_contract().column_names
STORES = load_contract().store_aliases()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    target = tmp_path_factory.mktemp("dataset")
    write_dataset(target, ROWS, SEED)
    return target, json.loads((target / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def delivered(dataset: tuple[Path, dict[str, Any]]) -> dict[SourceName, list[dict[str, str]]]:
    """Every row as text, per source, ragged rows left out."""
    target, _ = dataset
    with (target / DATABASE_FILE).open(encoding="utf-8", newline="") as file:
        database = [dict(zip(NAMES, row, strict=True)) for row in csv.reader(file)]
    lines = (target / PARTNER_FILE).read_text(encoding="utf-8").splitlines()
    api = [_flat(json.loads(line, parse_float=str)) for line in lines]
    return {SourceName.DATABASE: database, SourceName.API: api, SourceName.CSV: list(_csv_rows(target))}


def _flat(record: dict[str, Any]) -> dict[str, str]:
    """A partner's record as the API service flattens it."""
    row = {}
    for column, path in FIELD_MAP.items():
        value: Any = record
        for step in path.split("."):
            value = value[step]
        row[column] = "" if value is None else value
    return row


def _csv_rows(target: Path) -> Iterator[dict[str, str]]:
    for spec in CSV_FILES:
        with (target / DROP_FOLDER / spec.name).open(encoding=spec.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=";")
            header = next(reader)
            yield from (dict(zip(header, row, strict=True)) for row in reader if len(row) == len(header))


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _cents(source: SourceName, text: str) -> tuple[str, int] | None:
    bare = text.removeprefix("US$ ").removeprefix("$").removeprefix("R$ ")
    currency = "USD" if "$" in text and not text.startswith("R$") else "BRL"
    if source is SourceName.CSV and currency == "BRL":
        bare = bare.replace(".", "").replace(",", ".")
    try:
        return currency, int(Decimal(bare) * 100)
    except ArithmeticError:
        return None


def _instant(source: SourceName, text: str) -> datetime:
    if source is SourceName.CSV:
        return datetime.strptime(text, "%d/%m/%Y %H:%M:%S").replace(tzinfo=ZoneInfo("America/Sao_Paulo"))
    return datetime.fromisoformat(text)


def _meaning(source: SourceName, row: dict[str, str]) -> tuple[Any, ...]:
    """What silver makes of a row: equal for duplicates, whatever the spelling."""
    day = row["purchase_date"]
    return (
        row["customer_id"],
        _digits(row["cpf"]),
        row["first_name"],
        row["last_name"],
        row["email"],
        _digits(row["credit_card_number"]),
        "-".join(reversed(day.split("/"))) if source is SourceName.CSV else day,
        _cents(source, row["total_amount"]),
        row["product"],
        STORES[match_key(row["store_location"])].id,
        _instant(source, row["updated_at"]),
    )


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_dataset(tmp_path / name, 1_000, seed)
    a, b, c = (
        {p.relative_to(tmp_path / n): hashlib.sha256(p.read_bytes()).digest() for p in (tmp_path / n).rglob("*.*")}
        for n in "abc"
    )
    assert len(a) == 3 + len(CSV_FILES)
    assert a == b
    assert not set(a.values()) & set(c.values())


def test_rows_are_spread_as_stated(
    dataset: tuple[Path, dict[str, Any]], delivered: dict[SourceName, list[dict[str, str]]]
) -> None:
    expected = dataset[1]["sources"]
    assert {source: len(rows) for source, rows in delivered.items()} == {
        source: expected[source]["raw_rows"] for source in SourceName
    }
    assert sum(expected[source]["rows"] for source in SourceName) == ROWS
    assert expected["csv"]["ragged"] == round(Shares().ragged * expected["csv"]["rows"])
    assert sum(expected["csv"]["files"].values()) == expected["csv"]["rows"]


def test_what_is_dirty_is_what_the_ledger_says(
    dataset: tuple[Path, dict[str, Any]], delivered: dict[SourceName, list[dict[str, str]]]
) -> None:
    for source, rows in delivered.items():
        found: Counter[str] = Counter()
        for row in rows:
            found.update(_reasons(source, row))
        planted = {k: v for k, v in dataset[1]["sources"][source]["reasons"].items() if k != "KEY_CONFLICT"}
        assert dict(found) == planted, source


def test_pairs_are_equal_older_or_contradictory_as_the_ledger_says(
    dataset: tuple[Path, dict[str, Any]], delivered: dict[SourceName, list[dict[str, str]]]
) -> None:
    versions: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    without_id = 0
    people = set()
    for source, rows in delivered.items():
        for row in rows:
            if any(_reasons(source, row)):
                continue
            if not row["purchase_id"]:
                without_id += 1
                people.add(_digits(row["cpf"]))
                continue
            versions[row["purchase_id"]].append(_meaning(source, row))
    kinds: Counter[Pairing | None] = Counter()
    for group in versions.values():
        kinds[_pairing(group)] += 1
        people.add(group[0][1])
    expected = dataset[1]
    for pairing in Pairing:
        assert kinds[pairing] == round(ROWS * getattr(Shares(), pairing.value))
        assert kinds[pairing] == sum(source["pairs"][pairing] for source in expected["sources"].values())
    assert without_id + kinds.total() == expected["purchases"]
    assert len(people) == expected["customers"]


def _pairing(group: list[tuple[Any, ...]]) -> Pairing | None:
    if len(group) == 1:
        return None
    one, other = group
    if one == other:
        return Pairing.DUPLICATE
    return Pairing.CONFLICT if one[-1] == other[-1] else Pairing.STALE


def _reasons(source: SourceName, row: dict[str, str]) -> Iterator[str]:
    yield from _cpf_reasons(_digits(row["cpf"]))
    if not row["customer_id"]:
        yield "MISSING (customer_id)"
    _, at, domain = row["email"].partition("@")
    if row["email"] and (not at or "@" in domain or domain.startswith("-") or "." not in domain):
        yield "EMAIL_INVALID (email)"
    card = _digits(row["credit_card_number"])
    if card and with_luhn_digit(card[:-1]) != card:
        yield "CARD_CHECK_DIGIT (credit_card_number)"
    if row["total_amount"] == "abc":
        yield "AMOUNT_INVALID (total_amount)"
    elif "-" in row["total_amount"]:
        yield "AMOUNT_BELOW_MINIMUM (total_amount)"
    if row["purchase_date"] in ("31/02/2026", "2026-02-31"):
        yield "DATE_INVALID (purchase_date)"
    if match_key(row["store_location"]) not in STORES:
        yield "STORE_UNKNOWN (store_location)"


def _cpf_reasons(cpf: str) -> Iterator[str]:
    if not cpf:
        yield "MISSING (cpf)"
    elif len(cpf) != 11:
        yield "CPF_LENGTH (cpf)"
    elif len(set(cpf)) == 1:
        yield "CPF_REPEATED_DIGIT (cpf)"
    elif with_cpf_check_digits(cpf[:9]) != cpf:
        yield "CPF_CHECK_DIGITS (cpf)"


def test_the_source_trusted_most_loses_only_to_a_newer_version(dataset: tuple[Path, dict[str, Any]]) -> None:
    database, csv_files = (dataset[1]["sources"][name]["pairs"] for name in ("database", "csv"))
    assert database["duplicate"] == database["conflict"] == 0 < database["stale"]
    assert all(csv_files.values())


def test_files_are_written_as_the_drop_folder_knows_them(dataset: tuple[Path, dict[str, Any]]) -> None:
    folder = dataset[0] / DROP_FOLDER
    plain, latin, bom, unknown = (folder / spec.name for spec in CSV_FILES)
    assert plain.read_bytes().startswith(b"customer_id;cpf;")
    with pytest.raises(UnicodeDecodeError):
        latin.read_bytes().decode("utf-8")
    assert bom.read_bytes().startswith(b"\xef\xbb\xbfcustomer_id;")
    assert unknown.read_text(encoding="utf-8").splitlines()[0].split(";") == [*NAMES, "pontos_fidelidade"]


def test_both_currencies_and_nulls_occur(delivered: dict[SourceName, list[dict[str, str]]]) -> None:
    csv_rows = delivered[SourceName.CSV]
    assert any(row["total_amount"].startswith("US$ ") for row in csv_rows)
    assert any(row["total_amount"].startswith("$") for row in delivered[SourceName.API])
    assert any(row["total_amount"].startswith("-R$ ") for row in csv_rows)
    for column in ("email", "credit_card_number", "first_name", "purchase_id"):
        assert any(row[column] == "" for row in csv_rows), column


def test_some_customers_differ_between_sources(delivered: dict[SourceName, list[dict[str, str]]]) -> None:
    emails: dict[str, set[str]] = defaultdict(set)
    for rows in delivered.values():
        for row in rows:
            if row["email"].count("@") == 1 and not row["email"].endswith("@"):
                emails[_digits(row["cpf"])].add(row["email"])
    assert sum(len(found) > 1 for found in emails.values()) > 10


def test_check_digits_follow_published_examples() -> None:
    assert with_cpf_check_digits("529982247") == "52998224725"
    assert with_cpf_check_digits("000000001") == "00000000191"
    assert with_cpf_check_digits("123456789") == "12345678909"
    assert with_luhn_digit("411111111111111") == "4111111111111111"
    assert with_luhn_digit("555555555555444") == "5555555555554444"


def test_customers_are_distinct() -> None:
    customers = make_customers(5_000, 1, 0.2)
    assert len({c.cpf for c in customers}) == len({c.email for c in customers}) == 5_000
    assert not [c for c in customers if len(set(c.cpf)) == 1]


def test_few_rows_are_clean_rather_than_impossible(tmp_path: Path) -> None:
    ledger = write_dataset(tmp_path, 20, 1)
    assert ledger.quarantined == 0
    assert ledger.purchases == 20


def test_shares_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more rows or smaller shares"):
        write_dataset(tmp_path, 1_000, 1, Shares(fault=0.2))


def test_every_kind_of_fault_is_planted(dataset: tuple[Path, dict[str, Any]]) -> None:
    planted = {fault for source in dataset[1]["sources"].values() for fault in source["faults"]}
    assert planted == {fault.value for fault in Fault}

"""What the job could not process, or would read as another day, is refused when the contract is read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from customer_contract import Contract, SourceProfile, Subject, load_contract
from customer_contract.time_formats import ISO_8601, pattern_fault, zone_fault


def _source(**changes: Any) -> SourceProfile:
    return SourceProfile.model_validate(load_contract().source("csv").model_dump() | changes)


def _contract(column: str = "", /, leave_out: str = "", **changes: Any) -> Contract:
    """The shipped one with a column changed or left out, or another list of currencies."""
    document = load_contract().model_dump() | {name: changes.pop(name) for name in ("currencies",) if name in changes}
    columns = [each | changes if each["name"] == column else each for each in document["columns"]]
    return Contract.model_validate(document | {"columns": [each for each in columns if each["name"] != leave_out]})


@pytest.mark.parametrize(
    "pattern",
    [
        "yyyy-MM-dd",
        "d.M.yy",
        "yyyyMMdd",
        "yyyy-DDD",
        "MM/yyyy",
        "d 'de' MMMM 'de' yyyy",
        "dd/MM/yyyy[ HH:mm[:ss]]",
        "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
        "dd/MM/yyyy hh'h'mm a",
        "dd'd'd MM yyyy",
        "yyyy年MM月dd日",
    ],
)
def test_a_pattern_that_spark_reads_by_is_taken(pattern: str) -> None:
    assert pattern_fault(pattern) is None
    assert _source(date_format=pattern, timestamp_formats=[ISO_8601, pattern]).date_format == pattern


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("DD/MM/YYYY", "the letter Y cannot be read by: y is the year, M the month, d the day"),
        ("DD/MM/yyyy", "D is the day of the year: write d"),
        ("dd/mm/yyyy", "m is the minute: write M for the month"),
        ("yyyy-MM-ddTHH:mm:ss", "the letter T cannot .* other words go in 'quotes'"),
        ("ddd/MM/yyyy", "ddd cannot be read by: of d there may be 1 or 2"),
        ("%d/%m/%Y", "the letter Y"),
        ("dd/MM", "it has no year"),
        ("", "it has no year"),
        ("yyyy-MM-dd'T", "a quote is not closed"),
        ("yyyy-MM-dd]", r"what may be missing stands in \[ and \]"),
        ("{yyyy}", "what .* the signs { } # in 'quotes'"),
    ],
)
def test_a_pattern_that_it_does_not_is_refused_with_what_to_write(pattern: str, says: str) -> None:
    for changes, name in (({"date_format": pattern}, "dateFormat"), ({"timestamp_formats": [pattern]}, "timestampF")):
        with pytest.raises(ValidationError, match=f"source csv: {name}.*: {says}"):
            _source(**changes)


def test_a_date_has_a_pattern_always() -> None:
    with pytest.raises(ValidationError, match="source csv: dateFormat ISO_8601: .* write yyyy-MM-dd"):
        _source(date_format=ISO_8601)


@pytest.mark.parametrize(
    "zone", ["America/Sao_Paulo", "UTC", "Z", "-03:00", "-0330", "+5", "UTC-3", "GMT+03:00", "BET"]
)
def test_a_time_zone_has_a_name_or_an_offset(zone: str) -> None:
    assert _source(time_zone=zone).time_zone == zone


@pytest.mark.parametrize("zone", ["America/SaoPaulo", "America", "utc", "+19:00", "-3:60", "", "/etc", "../UTC"])
def test_another_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="source csv: timeZone .* give its name in the IANA database"):
        _source(time_zone=zone)


def test_where_no_zone_is_known_all_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small image may be without the database: its service need not end for that."""
    monkeypatch.setattr("customer_contract.time_formats.ZoneInfo", lambda name: (_ for _ in ()).throw(KeyError(name)))
    assert zone_fault("America/Sao_Paulo") is None


@pytest.mark.parametrize("column", ["purchase_id", "purchase_date", "total_amount", "store_location", "email"])
def test_columns_that_the_job_knows_by_name_must_be_there(column: str) -> None:
    with pytest.raises(ValidationError, match=f"column {column} must be there.* sources need not fill it"):
        _contract(leave_out=column)


@pytest.mark.parametrize(
    ("column", "format", "says"),
    [
        ("purchase_date", "text", "purchase_date must be there, of format date"),
        ("purchase_date", "timestamp", "purchase_date must be there, of format date"),
        ("total_amount", "text", "total_amount must be there, of format money"),
        ("store_location", "text", "store_location must be there, of format store"),
    ],
)
def test_and_in_a_format_that_gold_can_add_up(column: str, format: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        _contract(column, format=format)


def test_who_hides_an_address_as_a_text_may() -> None:
    assert _contract("email", format="text", mask="full").column("email").sensitive
    with pytest.raises(ValidationError, match="email must be there, of format email or text"):
        _contract("email", format="person_name", mask="full")
    assert _contract("purchase_id", format="text") and _contract("product", name="article")


def test_customers_are_known_by_a_cpf() -> None:
    with pytest.raises(
        ValidationError, match="must be there of format cpf, by which customers are known: without required"
    ):
        _contract(leave_out="cpf")
    assert _contract("cpf", name="taxpayer").column("taxpayer"), "whatever its name"


def test_a_customer_has_a_column() -> None:
    columns = [c | {"subject": Subject.PURCHASE, "survivorship": None} for c in load_contract().model_dump()["columns"]]
    with pytest.raises(ValidationError, match="no column is of subject customer"):
        Contract.model_validate(load_contract().model_dump() | {"columns": columns})


def test_a_currency_is_listed_once() -> None:
    with pytest.raises(ValidationError, match="currency 'BRL' is declared twice"):
        _contract(currencies=["BRL", "USD", "BRL"])

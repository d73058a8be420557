"""A contract that changes: a new optional column flows by the contract alone, what breaks rows on record is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from lake_kit import SmallLake, assert_kept_up_as_from_nothing, record
from pyspark.sql import SparkSession

from etl_customers.errors import ContractBreaksTable
from etl_customers.job import Job, Layer
from etl_customers.utils.lake_table import LakeTable

CONTRACTS = Path(__file__).parents[2] / "contracts"
Change = Callable[[list[dict[str, Any]]], None]
Domain = Callable[[dict[str, Any]], None]

PHONE = {
    "name": "phone",
    "logicalType": "string",
    "physicalType": "string",
    "description": "The customer's telephone number, with 'area code'.",
    "customProperties": [
        {"property": "format", "value": "text"},
        {"property": "personalData", "value": "personal"},
        {"property": "mask", "value": "full"},
        {"property": "subject", "value": "customer"},
        {"property": "survivorship", "value": "newest"},
    ],
}
CHANNEL = {
    "name": "channel",
    "logicalType": "string",
    "physicalType": "string",
    "description": "How the purchase was made.",
    "customProperties": [
        {"property": "format", "value": "text"},
        {"property": "personalData", "value": "none"},
        {"property": "mask", "value": "none"},
    ],
}


def change_contract(lake: SmallLake, version: str, change: Change, domain: Domain = lambda facts: None) -> None:
    """Give the lake a contract of its own: the shipped one, changed in its columns or in what it says of the domain."""
    document = yaml.safe_load((CONTRACTS / "customers.odcs.yaml").read_text(encoding="utf-8"))
    document["version"] = version
    change(document["schema"][0]["properties"])
    domain({entry["property"]: entry["value"] for entry in document["customProperties"]})
    folder = lake.root / f"contract-{version}"
    folder.mkdir()
    shutil.copy(CONTRACTS / "stores.yaml", folder)
    lake.contract_path = folder / "customers.odcs.yaml"
    lake.contract_path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def with_new_columns(properties: list[dict[str, Any]]) -> None:
    """`channel` amid the others, `phone` at the end."""
    properties.insert(6, CHANNEL)
    properties.append(PHONE)


def csv_record(number: int, **changes: Any) -> dict[str, Any]:
    """A record as the csv source writes it."""
    own = {"purchase_date": "31/03/2025", "total_amount": "10,50", "updated_at": "01/04/2025 09:00:00"}
    return record(number, **(own | changes))


def rows(job: Job, table: str, *columns: str) -> set[tuple[Any, ...]]:
    """Some columns of a table's rows."""
    found = next(each for each in job.tables() if each.name == table)
    return {tuple(row) for row in found.read().select(*columns).collect()}


def test_new_optional_columns_flow_by_the_contract_alone(lake: SmallLake, spark: SparkSession) -> None:
    lake.put("database", record(1), record(2, cpf="123"))
    lake.put_csv(csv_record(3))
    lake.run()
    lake.put_csv(csv_record(4))  # waits, under the old header
    change_contract(lake, "1.1.0", with_new_columns)
    _assert_gold_does_not_look_at_new_columns(lake)
    no_id = {"purchase_id": None, "channel": "web", "phone": "11 98765-4321"}
    within = {"phone": "11 95555-4444", "last_name": "Souza (11955554444)"}
    lake.put("database", record(1), record(5, **no_id), record(6, cpf="456", phone="11 91234-5678"))
    lake.put("database", record(8, **within), record(9, phone="não informado", product="Não informado"))
    lake.put_csv(csv_record(3), csv_record(7, channel="store", phone="21 2222-3333"))
    lake.run()
    job = lake.job()
    assert rows(job, "bronze.customers", "customer_id", "channel", "phone") == {
        ("C1", None, None),
        ("C2", None, None),
        ("C3", None, None),
        ("C4", None, None),
        ("C5", "web", "11 98765-4321"),
        ("C6", None, "11 91234-5678"),
        ("C7", "store", "21 2222-3333"),
        ("C8", None, "11 95555-4444"),
        ("C9", None, "não informado"),
    }
    assert rows(job, "silver.purchases", "customer_id", "channel", "phone") == {
        ("C1", None, None),
        ("C3", None, None),
        ("C4", None, None),
        ("C5", "web", "***"),
        ("C7", "store", "***"),
        ("C9", None, "***"),
    }
    assert rows(job, "silver.quarantine", "customer_id", "phone", "channel") == {
        ("C2", None, None),
        ("C6", "***", None),
        ("C8", "***", None),  # the number, which nobody may see, in another column too
    }, "C1 and C3 came again as before: duplicates and no conflicts"
    assert {row[0] for row in rows(job, "silver.customers", "phone")} == {None, "***"}
    assert_kept_up_as_from_nothing(job)
    _assert_idle(lake)
    _assert_read_again_without_checkpoints(lake)


def _assert_gold_does_not_look_at_new_columns(lake: SmallLake) -> None:
    """They make a commit for the promises and one for the columns, and no row is another for it."""
    before, job = lake.versions(), lake.job()
    for table in (job.bronze, job.purchases, job.quarantine):
        table.ensure()
    after = lake.versions()
    assert after["silver.purchases"] == before["silver.purchases"] + 2
    assert after["bronze.customers"] == before["bronze.customers"] + 1
    for grouped in (job.monthly, job.per_store, job.customer_360):
        assert grouped.is_caught_up(job.purchases), grouped.table.name
    assert not job.customers.is_caught_up(job.purchases), "the golden record has a column more"


def _assert_idle(lake: SmallLake) -> None:
    before = lake.versions()
    lake.run()
    assert lake.versions() == before


def _assert_read_again_without_checkpoints(lake: SmallLake) -> None:
    """Headers of two contracts lie in raw side by side; a column that the present one does not know is rescued."""
    for layer in ("bronze", "silver"):
        shutil.rmtree(lake.root / layer)
    change_contract(lake, "1.2.0", lambda properties: properties.append(PHONE))
    lake.run(Layer.BRONZE)
    found = rows(lake.job(), "bronze.customers", "customer_id", "phone", "_rescued_data", "_source")
    of_csv = {row[:3] for row in found if row[3] == "csv"}
    assert of_csv == {
        ("C3", None, None),
        ("C4", None, None),
        ("C7", "21 2222-3333", json.dumps({"channel": "store"}, separators=(",", ":"))),
    }


def _changed(name: str, **facts: Any) -> Change:
    def change(properties: list[dict[str, Any]]) -> None:
        (item,) = [each for each in properties if each["name"] == name]
        custom = {entry["property"]: entry for entry in item["customProperties"]}
        for fact, value in facts.items():
            if fact in custom:
                custom[fact]["value"] = value
            else:
                item[fact] = value

    return change


def _without(name: str) -> Change:
    def change(properties: list[dict[str, Any]]) -> None:
        properties[:] = [each for each in properties if each["name"] != name]

    return change


_BREAKS: list[tuple[Change, list[str]]] = [
    (_without("product"), ["column product: the table has it, the contract has it no more"]),
    (
        _changed("updated_at", format="text"),
        ["column updated_at: the table has timestamp, the contract says string", "its format is timestamp"],
    ),
    (_changed("product", format="person_name"), ["column product: its format is text, the contract says person_name"]),
    (_changed("email", mask="full"), ["column email: its mask is email_domain, the contract says full"]),
    (lambda p: p.append(CHANNEL | {"required": True}), ["column channel: it is new and required"]),
    (_changed("product", required=True), ["column product: it is optional, the contract says required"]),
    (_changed("product", personalData="personal"), ["column product: it is no personal data"]),
]


def test_what_breaks_rows_on_record_is_refused_before_anything_is_written(lake: SmallLake, spark: SparkSession) -> None:
    lake.put("database", record(1), record(2, cpf="123"))
    lake.run(Layer.BRONZE)
    lake.run(Layer.SILVER)
    before = _silver_versions(lake)
    lake.put("database", record(3))  # something to do
    for number, (change, says) in enumerate(_BREAKS):
        change_contract(lake, f"2.{number}.0", change)
        with pytest.raises(ContractBreaksTable) as refused:
            lake.run(Layer.ALL if number else Layer.SILVER)
        text = str(refused.value)
        assert text.startswith("silver.purchases: ") and all(words in text for words in says), text
        assert refused.value.exit_code == 78
    change_contract(lake, "2.8.0", lambda found: None, _sources_changed)
    with pytest.raises(
        ContractBreaksTable, match="api: its priority is 2, not 4; source csv: its keyNamespace is retail"
    ):
        lake.run()
    change_contract(lake, "2.7.0", lambda found: None, lambda facts: facts["currencies"].remove("USD"))
    with pytest.raises(ContractBreaksTable, match="rows may be in USD, which is listed no more"):
        lake.run()
    lake.contract_path = None
    assert _silver_versions(lake) == before
    _assert_silver_is_made_anew_elsewhere(lake)
    change_contract(lake, "3.0.0", _changed("cpf", required=False))
    lake.run(Layer.SILVER)
    change_contract(lake, "3.1.0", _changed("cpf", required=True))
    with pytest.raises(ContractBreaksTable, match="column cpf: it is optional, the contract says required"):
        lake.run(Layer.SILVER)  # what became optional is kept as such
    _assert_tables_without_promises_are_taken_by_their_columns(lake, spark)


def _sources_changed(facts: dict[str, Any]) -> None:
    """A source more is no change."""
    found = facts["sources"]
    found.append(found[1] | {"name": "partner", "priority": 5})
    found[1]["priority"] = 4
    found[2]["keyNamespace"] = "shops"


def _silver_versions(lake: SmallLake) -> list[int]:
    job = lake.job()
    return [table.version() for table in (job.bronze, job.purchases, job.quarantine, job.customers.table)]


def _assert_silver_is_made_anew_elsewhere(lake: SmallLake) -> None:
    """What the refusal advises."""
    change_contract(lake, "2.9.0", _without("product"))
    elsewhere = {name: str(lake.root / f"{name}_2") for name in ("silver_path", "gold_path")}
    job = Job(lake.settings.model_copy(update=elsewhere), "anew")
    job.run(Layer.SILVER)
    assert "product" not in job.purchases.read().columns and job.purchases.read().count() == 1


def _assert_tables_without_promises_are_taken_by_their_columns(lake: SmallLake, spark: SparkSession) -> None:
    """As made by an older release; from then on they have them."""
    tables = (lake.job().purchases, lake.job().quarantine)
    for table in tables:
        ours = [name for name in _properties(table) if name.startswith("contract.")]
        spark.sql(f"ALTER TABLE {table.address.sql} UNSET TBLPROPERTIES ({', '.join(map(repr, ours))})")
    change_contract(lake, "3.2.0", _changed("email", mask="full"))
    lake.run(Layer.SILVER)
    for table in tables:
        assert _properties(table)["contract.column.email"] == "email full optional personal"


def _properties(table: LakeTable) -> dict[str, str]:
    found: dict[str, str] = table.delta().detail().collect()[0]["properties"]
    return found

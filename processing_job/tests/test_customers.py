"""The golden record: which value survives, what it says of its origin, and what its sources dispute."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from customer_contract import Contract, Survivorship
from lake_kit import CPFS, SmallLake, record
from pyspark.sql import DataFrame, Row, SparkSession

from etl_customers.modules.silver import customer_conflicts
from etl_customers.modules.silver.customers import customers
from etl_customers.utils.address import Place
from etl_customers.views import main as print_views

_FRAME = (
    "cpf_token string, purchase_key string, _source string, _priority int, _event_at timestamp, _content_hash string, "
    "token_key_id string, customer_id string, cpf string, first_name string, last_name string, email string, "
    "credit_card_number string"
)
# purchase, source, priority, day, content hash, first name
_VERSIONS = (
    ("p1", "database", 1, 10, "h1", "trusted, older"),
    ("p2", "database", 1, 11, "h2", "trusted, newer"),
    ("p3", "api", 2, 20, "h3", "newest, less trusted source"),
    ("p4", "database", 1, 20, "h4", None),
    ("p5", "csv", 3, 1, "h5", "oldest"),
    ("p6", "csv", 3, 20, "h6", "newest, least trusted source"),
)


def _purchases(spark: SparkSession, versions: tuple[tuple, ...], token: str | None = "t") -> DataFrame:
    person = ("k1", "C1", "cpf")
    rows = [
        (token, key, source, priority, datetime(2025, 5, day, tzinfo=UTC), content, *person, name, *[None] * 3)
        for key, source, priority, day, content, name in versions
    ]
    return spark.createDataFrame(rows, _FRAME)


def _with_rule(contract: Contract, rule: Survivorship) -> Contract:
    columns = [
        column.model_copy(update={"survivorship": rule}) if column.name == "first_name" else column
        for column in contract.columns
    ]
    return contract.model_copy(update={"columns": tuple(columns)})


@pytest.mark.parametrize(
    ("rule", "value", "source", "day"),
    [
        (Survivorship.NEWEST, "newest, less trusted source", "api", 20),
        (Survivorship.OLDEST, "oldest", "csv", 1),
        (Survivorship.MOST_TRUSTED, "trusted, newer", "database", 11),
    ],
)
def test_each_rule_of_survivorship_in_any_order_of_rows(
    spark: SparkSession, contract: Contract, rule: Survivorship, value: str, source: str, day: int
) -> None:
    grouped = customers(spark, Place("/nowhere"), _with_rule(contract, rule))
    for versions in (_VERSIONS, _VERSIONS[::-1]):
        of_strangers = _purchases(spark, versions, token=None)
        (golden,) = grouped.computed(_purchases(spark, versions).unionAll(of_strangers)).collect()
        assert golden["first_name"] == value
        event_at = datetime(2025, 5, day, tzinfo=UTC).astimezone().replace(tzinfo=None)  # as PySpark hands it out
        assert golden["lineage"]["first_name"] == Row(source=source, event_at=event_at, rule=rule.value)
        assert (golden["email"], golden["lineage"]["email"]) == (None, None), "what nobody knows has no origin"


def test_a_rule_that_changes_is_another_definition(spark: SparkSession, contract: Contract) -> None:
    made = {customers(spark, Place("/nowhere"), _with_rule(contract, rule)).definition for rule in Survivorship}
    assert len(made) == len(Survivorship)


def test_the_record_names_its_sources_and_the_view_what_they_dispute(lake: SmallLake) -> None:
    one = {"cpf": CPFS[0]}
    capitals = {"cpf": CPFS[1], "customer_id": "C2", "first_name": "BIA", "last_name": "ARAUJO"}
    accents = {"cpf": CPFS[1], "customer_id": "C2", "first_name": "Bia", "last_name": "Araújo"}
    lake.put(
        "database",
        record(1, **one, customer_id="C1", email="ana@example.com", updated_at="2025-04-01T00:00:00Z"),
        record(2, **capitals, email="bia@example.com"),
        record(4, **capitals, email="bia@example.com", product="Café", store_location="SP – Paulista"),
    )
    lake.put(
        "api",
        record(3, **one, customer_id="X9", email="ana@other.org", updated_at="2025-05-01T00:00:00Z"),
        record(5, **accents, email="bea@example.com"),
        record(4, **accents, email="bia@example.com", product="CAFE", store_location="S. Paulo - Paulista"),
    )
    counts = lake.run_to_silver().counts
    assert counts.totals() == {"read": 6, "written": 5, "duplicate": 1, "stale": 0, "quarantined": 0}
    job = lake.job()
    golden = {row["customer_id"]: row for row in job.customers.table.read().collect()}
    assert set(golden) == {"C1", "C2"}, "the source trusted most names the customer"
    record_of_one = golden["C1"]
    assert record_of_one["email"] == "a***@other.org"
    assert record_of_one["lineage"]["customer_id"]["source"] == "database"
    assert record_of_one["lineage"]["email"]["source"] == "api"
    rows = _conflicts(lake)
    assert {(row["cpf_token"], row["field"]) for row in rows} == {
        (record_of_one["cpf_token"], "customer_id"),
        (record_of_one["cpf_token"], "email"),
    }, "case, accents and what a mask hides are no dispute"
    (email,) = [row for row in rows if row["field"] == "email"]
    assert (email["golden_value"], email["golden_source"], email["rule"]) == ("a***@other.org", "api", "newest")
    assert {source: given["value"] for source, given in email["by_source"].items()} == {
        "api": "a***@other.org",
        "database": "a***@example.com",
    }
    _view_is_documented(lake, job.contract)


def _conflicts(lake: SmallLake) -> list[Any]:
    job = lake.job()
    silver = f"{lake.root}/silver"
    sql = customer_conflicts.query(job.contract, f"delta.`{silver}/purchases`", f"delta.`{silver}/customers`")
    return job.spark.sql(sql).collect()


def _view_is_documented(lake: SmallLake, contract: Contract) -> None:
    spark, silver = lake.job().spark, f"{lake.root}/silver"
    tables = (f"delta.`{silver}/purchases`", f"delta.`{silver}/customers`")
    spark.sql(customer_conflicts.create_statement(contract, "customer_conflicts", *tables))
    try:
        fields = spark.table("customer_conflicts").schema.fields
        found = tuple((f.name, f.dataType.simpleString(), f.metadata["comment"]) for f in fields)
        assert found == customer_conflicts.COLUMNS
    finally:
        spark.sql("DROP VIEW customer_conflicts")


def test_the_views_are_printed_for_a_catalog_and_for_directories(capsys: pytest.CaptureFixture[str]) -> None:
    print_views(["--catalog", "prod"])
    statement = capsys.readouterr().out
    assert statement.startswith("CREATE OR REPLACE VIEW `prod`.`silver`.customer_conflicts (cpf_token COMMENT '")
    assert "FROM `prod`.`silver`.purchases" in statement and "FROM `prod`.`silver`.customers" in statement
    print_views(["--catalog", "prod", "--schema", "prata"])
    assert capsys.readouterr().out == statement.replace("`silver`", "`prata`")
    print_views(["--silver-path", "lake/silver"])
    assert f"FROM delta.`{Path.cwd()}/lake/silver/purchases`" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        print_views([])

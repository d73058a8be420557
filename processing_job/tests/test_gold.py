"""Silver to gold: what changed is computed again, and the result equals a computation from nothing."""

from __future__ import annotations

import pytest
from lake_kit import CPFS, SmallLake, assert_kept_up_as_from_nothing, record
from pyspark.sql import functions as F

from etl_customers.errors import ConfigurationInvalid, GoldDiffers
from etl_customers.job import Layer

_MARCH, _APRIL = "2025-03-15", "2025-04-15"


def test_incremental_gold_equals_gold_from_nothing(lake: SmallLake) -> None:
    lake.put(
        "database",
        record(1, purchase_date=_MARCH, total_amount="10.00"),
        record(2, purchase_date=_MARCH, total_amount="2000.00", store_location="Campinas"),
        record(3, purchase_date=_APRIL, total_amount="5.00"),
        record(4, purchase_date=_APRIL, total_amount="US$ 7.00", cpf=CPFS[3]),
        record(5, store_location=None, purchase_date=None, total_amount=None),
    )
    lake.run()
    later = "2025-06-01T00:00:00Z"
    lake.put(
        "database",
        record(1, purchase_date=_APRIL, total_amount="10.00", updated_at=later),  # leaves March
        record(2, purchase_date=_MARCH, total_amount="20.00", store_location="Santos", updated_at=later),  # moves store
        record(6, purchase_date=_MARCH, total_amount="1000.00"),
    )
    result = lake.run()
    assert result.gold_rows > 0
    assert_kept_up_as_from_nothing(lake.job())


def test_the_figures_of_gold(lake: SmallLake) -> None:
    lake.put(
        "database",
        record(1, cpf=CPFS[0], total_amount="10.00", purchase_date=_MARCH),
        record(2, cpf=CPFS[0], total_amount="1000.00", purchase_date=_MARCH),
        record(3, cpf=CPFS[1], total_amount="US$ 7.00", purchase_date=_MARCH),
        record(4, cpf=CPFS[1], total_amount=None, purchase_date=None, store_location=None),
    )
    lake.run()
    job = lake.job()
    monthly = {(r["store_id"], str(r["month"]), r["currency"]): r for r in job.monthly.table.read().collect()}
    assert set(monthly) == {
        ("SP-001", "2025-03-01", "BRL"),
        ("SP-001", "2025-03-01", "USD"),
        (None, "None", "BRL"),
    }
    march = monthly["SP-001", "2025-03-01", "BRL"]
    assert (march["total_purchases"], str(march["total_revenue"]), str(march["average_ticket"])) == (
        2,
        "1010.00",
        "505.00",
    )
    assert (march["high_value_purchases"], march["customers"]) == (1, 1)
    per_store = {row["store_id"]: row for row in job.per_store.table.read().collect()}
    assert (per_store["SP-001"]["customers"], per_store["SP-001"]["purchases"]) == (2, 3)
    assert per_store[None]["purchases"] == 1
    customers = {row["purchases"]: row for row in job.customer_360.table.read().collect() if row["total_revenue_usd"]}
    (dollar_customer,) = customers.values()
    assert str(dollar_customer["total_revenue_usd"]) == "7.00"
    assert dollar_customer["email_domain"] == "example.com.br"
    assert not {"cpf", "first_name", "last_name", "email", "credit_card_number"} & set(dollar_customer.asDict())


def _spoil(lake: SmallLake, table: str, column: str, where: str) -> None:
    spark = lake.job().spark
    done = spark.sql(f"UPDATE delta.`{lake.root}/gold/{table}` SET {column} = {column} + 1 WHERE {where}")
    assert done.collect()[0][0] > 0


def _refused(lake: SmallLake, layer: Layer, says: str) -> None:
    """The run ends, and the next makes the table anew."""
    with pytest.raises(GoldDiffers, match=says):
        lake.run(layer)
    assert not lake.job().is_caught_up()
    lake.run(Layer.GOLD)
    assert lake.job().is_caught_up()


def test_gold_that_does_not_add_up_stops_the_run_and_is_made_anew_by_the_next(lake: SmallLake) -> None:
    lake.put("database", record(1, purchase_date=_MARCH), record(2, purchase_date=_APRIL))
    lake.run()
    for table, column in (("store_monthly_metrics", "total_purchases"), ("customer_360", "purchases")):
        _spoil(lake, table, column, "true")
        _refused(lake, Layer.GOLD, f"gold.{table} counts 4 purchases, silver.purchases 2")  # though nothing is new
    _spoil(lake, "store_monthly_metrics", "total_revenue", "month = '2025-03-01'")
    _spoil(lake, "customer_360", "total_revenue_brl", "true")
    lake.put("database", record(7, purchase_date=_APRIL, cpf=CPFS[4]))
    with pytest.raises(GoldDiffers, match="gold.store_monthly_metrics does not add up to silver.purchases"):
        lake.run()
    _refused(lake, Layer.GOLD, "gold.customer_360 does not add up to silver.purchases")
    assert_kept_up_as_from_nothing(lake.job())


def test_golden_customers_are_added_up_too(lake: SmallLake) -> None:
    lake.put("database", record(1), record(2))
    lake.run()
    customers = lake.job().customers.table
    token = customers.read().collect()[0]["cpf_token"]
    customers.delta().delete(F.col("cpf_token") == token)
    with pytest.raises(GoldDiffers, match="silver.customers counts 1 purchases, silver.purchases 2"):
        lake.run(Layer.GOLD)
    lake.run(Layer.SILVER)
    assert_kept_up_as_from_nothing(lake.job())


def test_a_layer_whose_source_is_not_there_makes_no_table(lake: SmallLake) -> None:
    for layer, source in ((Layer.SILVER, "bronze.customers"), (Layer.GOLD, "silver.purchases")):
        with pytest.raises(ConfigurationInvalid, match=source):
            lake.run(layer)
    assert not any((lake.root / layer).exists() for layer in ("bronze", "silver", "gold"))


def test_a_large_lake_is_added_up_where_it_changed(lake: SmallLake, all_is_large: None) -> None:
    here = {"purchase_date": _MARCH, "store_location": "Campinas"}
    lake.put("database", record(1, purchase_date=_APRIL), record(2, **here), record(3, purchase_date=None))
    lake.run()
    _spoil(lake, "store_monthly_metrics", "total_revenue", "month = '2025-04-01'")
    lake.put("database", record(4, purchase_date=_MARCH))
    assert lake.run().gold_rows > 0, "April is not looked at"
    _spoil(lake, "store_monthly_metrics", "total_revenue", "month IS NULL")
    lake.put("database", record(5, purchase_date=None, store_location="Santos"))
    _refused(lake, Layer.ALL, "does not add up")
    assert_kept_up_as_from_nothing(lake.job())

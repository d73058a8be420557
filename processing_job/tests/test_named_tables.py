"""Tables under names of a catalog, as Unity Catalog has them: the same job, the same content as in directories."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lake_kit import SmallLake, record
from pyspark.sql import SparkSession

from etl_customers.config.settings import JobSettings
from etl_customers.utils.delta_log import commits
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.progress import Commit

_SCHEMAS = {f"{layer}_schema": f"spark_catalog.named_{layer}" for layer in ("bronze", "silver", "gold", "ops")}


class NamedLake(SmallLake):
    """The raw layer and the key of another lake, its own tables under names."""

    @property
    def settings(self) -> JobSettings:
        own = {"checkpoint_path": str(self.root / "named_checkpoints"), "runs_path": str(self.root / "named_runs")}
        key = self.root / "token.key"
        return JobSettings(raw_path=str(self.root / "raw"), token_key_file=key, **own, **_SCHEMAS)  # type: ignore


@pytest.fixture
def named(lake: SmallLake, spark: SparkSession) -> Iterator[NamedLake]:
    for schema in _SCHEMAS.values():
        spark.sql(f"CREATE SCHEMA {schema} LOCATION '{lake.root / schema}'")
    yield NamedLake(lake.root)
    for schema in _SCHEMAS.values():
        spark.sql(f"DROP SCHEMA {schema} CASCADE")


def test_the_job_makes_the_same_tables_under_names(lake: SmallLake, named: NamedLake, spark: SparkSession) -> None:
    """Two runs under names, for appends, MERGEs and change feeds; the directories take it all in one."""
    lake.put("database", record(1), record(2, cpf="5299822472"), record(3), record(3))
    named.run()
    newer = {"updated_at": "2025-05-01T00:00:00Z"}
    lake.put("api", record(1, total_amount="99.00", **newer), record(4, cpf="123"), record(3, store_location="Recife"))
    named.run()
    assert not any((lake.root / layer).exists() for layer in ("bronze", "silver", "gold")), "nothing in directories"
    lake.run()
    content = lake.content()
    assert named.content() == content and all(content.values())
    shown = [row for schema in _SCHEMAS.values() for row in spark.sql(f"SHOW TABLES IN {schema}").collect()]
    names = [f"{row['namespace']}.{row['tableName']}" for row in shown]
    assert sorted(names) == [
        "named_bronze.customers",
        "named_gold.customer_360",
        "named_gold.customers_per_store",
        "named_gold.store_monthly_metrics",
        "named_ops.run_metrics",
        "named_silver._stage",
        "named_silver.customers",
        "named_silver.purchases",
        "named_silver.quarantine",
    ]
    for in_directory, under_name in zip(lake.job().tables(), named.job().tables()):
        told = [commit.operation for commit in commits(spark, under_name.address)]
        assert told[-1] == "CREATE TABLE AS SELECT" and not [
            op for op in told if "REPLACE" in op
        ], "followed the changes"
        assert _details(under_name) == _details(in_directory), under_name.name
    _assert_replacing_keeps_what_the_log_must_not_hold(named)


def _assert_replacing_keeps_what_the_log_must_not_hold(named: NamedLake) -> None:
    """Under a name Delta makes the table anew for it, and with it could forget which statistics are allowed."""
    table = named.job().customers.table
    before = _details(table)
    table.replace(table.read().where("purchases > 1"), Commit("run", {"silver.purchases": 7}))
    assert _details(table) == before and table.progress("silver.purchases").consumed == 7


def _details(table: LakeTable) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """Properties, and columns with their comments."""
    fields = [(f.name, f.dataType.simpleString(), f.metadata.get("comment", "")) for f in table.read().schema.fields]
    return table.delta().detail().collect()[0]["properties"], fields

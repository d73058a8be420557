"""A contract's column has no name that silver gives to one of its own; the list is held to the tables' schemas."""

from __future__ import annotations

from customer_contract import Contract
from customer_contract.reserved import DERIVED, OF_CUSTOMERS
from pyspark.sql import SparkSession

from etl_customers.modules.bronze.table import bronze_table
from etl_customers.modules.silver.customers import customers
from etl_customers.modules.silver.purchases import purchases_table
from etl_customers.modules.silver.quarantine import quarantine_table
from etl_customers.privacy.key_mark import KeyMark
from etl_customers.privacy.token_key import TokenKey
from etl_customers.utils.address import Place
from etl_customers.utils.lake_table import LakeTable


def _own(table: LakeTable, contract: Contract) -> set[str]:
    """The table's columns that are neither the contract's nor begin with `_`."""
    names = set(table.schema.fieldNames()) - set(contract.column_names)
    return {name for name in names if not name.startswith("_")}


def test_every_column_that_a_table_adds_is_reserved(spark: SparkSession, contract: Contract) -> None:
    place = Place("/nowhere")
    mark = KeyMark(TokenKey("k1", bytes(range(32))))
    of_purchases = _own(purchases_table(spark, place, contract, mark), contract)
    of_purchases |= _own(quarantine_table(spark, place, contract), contract)
    assert of_purchases == DERIVED
    assert _own(customers(spark, place, contract).table, contract) - DERIVED == OF_CUSTOMERS
    assert not _own(bronze_table(spark, place, contract), contract)

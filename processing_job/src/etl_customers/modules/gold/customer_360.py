"""gold.customer_360: one row a customer, known by token only: no name, no masked CPF, no e-mail beyond its domain.

All purchases without a CPF are one row more, so that its sums are those of silver.
"""

from __future__ import annotations

from customer_contract import Contract
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, DateType, DecimalType, LongType, StringType, StructField, StructType

from etl_customers.utils.address import Place
from etl_customers.utils.groups import GroupedTable
from etl_customers.utils.lake_table import LakeTable
from etl_customers.utils.staging import Staging

#: Before a currency's code, in small letters.
_REVENUE = "total_revenue_"


def customer_360(spark: SparkSession, gold: Place, contract: Contract) -> GroupedTable:
    """`gold.customer_360` and how it is made from purchases."""
    columns: list[tuple[str, DataType, str]] = [
        ("cpf_token", StringType(), "The customer, by HMAC of the CPF; NULL: all purchases without a CPF, no customer"),
        ("token_key_id", StringType(), "Which key made the token"),
        ("email_domain", StringType(), "Domain of the newest e-mail address; NULL where the customer is not known"),
        ("purchases", LongType(), "Purchases"),
        ("high_value_purchases", LongType(), f"Purchases of {contract.high_value_purchase} and more"),
        ("stores", LongType(), "Different stores"),
        ("favourite_store_id", StringType(), "Where most purchases were made; the first by id if several"),
        ("first_purchase", DateType(), "Day of the oldest purchase"),
        ("last_purchase", DateType(), "Day of the newest purchase"),
        ("sources", ArrayType(StringType()), "Sources that know the customer"),
    ]
    for currency in contract.currencies:
        code = currency.lower()
        columns.append((f"{_REVENUE}{code}", DecimalType(28, 2), f"Sum of the amounts in {currency}"))
        columns.append((f"average_ticket_{code}", DecimalType(18, 2), f"Average amount in {currency}"))
    fields = [StructField(name, kind, True, {"comment": comment}) for name, kind, comment in columns]
    stats = ("cpf_token", "first_purchase", "last_purchase")
    keys = ("cpf_token",)
    address = gold.table("customer_360")
    table = LakeTable(spark, address, "gold.customer_360", StructType(fields), stats, keys, deletion_vectors=True)
    rules = f"high_value={contract.high_value_purchase} ties=value"
    staging = Staging(spark, gold.table("_stage_customer_360"), "gold._stage_customer_360")
    return GroupedTable(table, keys, lambda purchases: _aggregate(purchases, contract), rules=rules, staging=staging)


def revenue_columns(table: LakeTable) -> dict[str, str]:
    """Currency -> the column that sums its amounts; none for a table that has no such columns."""
    names = [name for name in table.schema.fieldNames() if name.startswith(_REVENUE)]
    return {name.removeprefix(_REVENUE).upper(): name for name in names}


def _aggregate(purchases: DataFrame, contract: Contract) -> DataFrame:
    has_domain = F.col("cpf_token").isNotNull() & F.col("email").contains("@")
    domain = F.when(has_domain, F.substring_index("email", "@", -1))
    revenue = [column for currency in contract.currencies for column in _revenue(currency)]
    return purchases.groupBy("cpf_token").agg(
        _newest(F.col("token_key_id")).alias("token_key_id"),
        _newest(domain).alias("email_domain"),
        F.count("*").alias("purchases"),
        F.count_if(F.col("total_amount") >= F.lit(contract.high_value_purchase)).alias("high_value_purchases"),
        # Not count_distinct, for which all rows go over a second shuffle; one customer's stores are few.
        F.size(F.collect_set("store_id")).cast("long").alias("stores"),
        F.mode("store_id", deterministic=True).alias("favourite_store_id"),
        F.min("purchase_date").alias("first_purchase"),
        F.max("purchase_date").alias("last_purchase"),
        F.array_sort(F.collect_set("_source")).alias("sources"),
        *revenue,
    )


def _newest(value: Column) -> Column:
    """The newest that is known; of several at that time the one of the source trusted most, or else the greatest."""
    known = F.struct(F.col("_event_at"), -F.col("_priority"), value.alias("value"))
    return F.max(F.when(value.isNotNull(), known))["value"]


def _revenue(currency: str) -> list[Column]:
    amount = F.when(F.col("currency") == currency, F.col("total_amount"))
    code = currency.lower()
    return [
        F.coalesce(F.sum(amount), F.lit(0)).cast("decimal(28,2)").alias(f"{_REVENUE}{code}"),
        F.avg(amount).cast("decimal(18,2)").alias(f"average_ticket_{code}"),
    ]

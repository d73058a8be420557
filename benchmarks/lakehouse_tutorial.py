"""`python -m benchmarks.lakehouse_tutorial RAW OUT KEY_FILE`: the usual tutorial job; prints the seconds as JSON.

Medallion layers as tutorials write them: each layer read whole and overwritten whole, rules in Python UDFs, a session
by Spark's defaults but for Delta and the memory that the job has too. The rules and the result are the platform's; what
it leaves out is incremental loads, metrics, reconciliation and privacy proofs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from customer_contract import Contract, RawFormat, Subject, load_contract
from etl_customers.config.jars import OWN, class_path
from etl_customers.config.settings import JobSettings
from etl_customers.privacy.key_source import KeyFile
from etl_customers.privacy.token_key import read_token_key
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from benchmarks.silver_udfs import stage_with_udfs


def main() -> None:
    """Entry point."""
    raw, out, key_file = sys.argv[1:]
    os.environ.update(OWN)
    contract = load_contract()
    spark = _session()
    started = time.perf_counter()
    bronze = _overwrite(_read_raw(spark, raw, contract), f"{out}/bronze")
    staged = stage_with_udfs(bronze, contract, read_token_key(KeyFile(Path(key_file)), "bench"))
    silver = _overwrite(_classified(staged), f"{out}/silver")
    purchases = silver.where("outcome = 'written'")
    for name, frame in _gold(purchases, contract).items():
        _overwrite(frame, f"{out}/{name}")
    seconds = time.perf_counter() - started
    outcomes = {row["outcome"]: row["count"] for row in silver.groupBy("outcome").count().collect()}
    print(json.dumps({"seconds": seconds, "outcomes": outcomes}))
    spark.stop()


def _session() -> SparkSession:
    options = {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.driver.extraClassPath": class_path(),
        "spark.driver.memory": JobSettings.model_fields["local_memory"].default,
        "spark.sql.session.timeZone": "UTC",
    }
    builder = SparkSession.builder.master("local[2]").appName("tutorial")
    for name, value in options.items():
        builder = builder.config(name, value)
    session: SparkSession = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _read_raw(spark: SparkSession, raw: str, contract: Contract) -> DataFrame:
    schema = ", ".join(f"{name} string" for name in contract.column_names)
    frames = []
    for source in contract.sources:
        reader = spark.read.schema(schema)
        pattern = f"{raw}/{source.name}/{contract.name}/*/part-*"
        if source.raw_format is RawFormat.CSV:
            named = spark.read.option("header", True).option("multiLine", True).option("quote", '"')
            frame = named.option("escape", '"').csv(pattern).select(*contract.column_names)
        else:
            frame = reader.json(pattern)
        frames.append(frame.withColumn("_source", F.lit(source.name)))
    every = frames[0].unionByName(frames[1]).unionByName(frames[2])
    return every.select(
        "*",
        F.lit("all").alias("_batch_id"),
        F.input_file_name().alias("_source_file"),
        F.sha2(F.to_json(F.struct(*contract.column_names)), 256).alias("_row_hash"),
        F.current_timestamp().alias("_ingested_at"),
    )


def _classified(staged: DataFrame) -> DataFrame:
    key = F.coalesce("purchase_key", "_row_hash")
    order = Window.partitionBy(key).orderBy(F.desc("_event_at"), "_priority", "_content_hash", "_source_file")
    ranked = staged.withColumn("_place", F.row_number().over(order))
    ranked = ranked.withColumn("_newest", F.first("_event_at").over(order))
    ranked = ranked.withColumn("_best", F.first("_content_hash").over(order))
    same_time = F.col("_event_at") == F.col("_newest")
    outcome = (
        F.when(F.size("_errors") > 0, "quarantined")
        .when(same_time & (F.col("_content_hash") != F.col("_best")), "quarantined")
        .when(F.col("_place") == 1, "written")
        .when(same_time, "duplicate")
        .otherwise("stale")
    )
    return ranked.withColumn("outcome", outcome).drop("_place", "_newest", "_best")


def _gold(purchases: DataFrame, contract: Contract) -> dict[str, DataFrame]:
    rows = purchases.withColumn("month", F.trunc("purchase_date", "month"))
    high = F.count_if(F.col("total_amount") >= F.lit(contract.high_value_purchase)).alias("high_value_purchases")
    newest = (F.col("_event_at"), -F.col("_priority"))
    about = [column.name for column in contract.columns if column.subject is Subject.CUSTOMER]
    golden = [F.max_by(name, F.when(F.col(name).isNotNull(), F.struct(*newest, name))).alias(name) for name in about]
    people = F.count_distinct("cpf_token").alias("customers")
    revenue = F.coalesce(F.sum("total_amount"), F.lit(0)).cast("decimal(28,2)").alias("total_revenue")
    totals = [
        F.coalesce(F.sum(F.when(F.col("currency") == code, F.col("total_amount"))), F.lit(0))
        .cast("decimal(28,2)")
        .alias(f"total_revenue_{code.lower()}")
        for code in contract.currencies
    ]
    return {
        "customers": purchases.groupBy("cpf_token").agg(*golden, F.count("*").alias("purchases")),
        "store_monthly_metrics": rows.groupBy("store_id", "month", "currency").agg(
            F.count("*").alias("total_purchases"), revenue, high, people
        ),
        "customers_per_store": rows.groupBy("store_id", "month").agg(people, F.count("*").alias("purchases")),
        "customer_360": purchases.groupBy("cpf_token").agg(
            F.count("*").alias("purchases"),
            high,
            F.count_distinct("store_id").alias("stores"),
            F.mode("store_id", deterministic=True).alias("favourite_store_id"),
            F.min("purchase_date").alias("first_purchase"),
            F.max("purchase_date").alias("last_purchase"),
            F.array_sort(F.collect_set("_source")).alias("sources"),
            *totals,
        ),
    }


def _overwrite(frame: DataFrame, path: str) -> DataFrame:
    frame.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(path)
    return frame.sparkSession.read.format("delta").load(path)


if __name__ == "__main__":
    main()

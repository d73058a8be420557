"""The heart of silver: each bronze row standardised, checked, masked, tokenised and keyed, in native expressions.

What comes out holds no clear identifier, and is written once, so that counting, quarantine and MERGE see the same rows.
"""

from __future__ import annotations

from customer_contract import ColumnFormat, Contract
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from etl_customers.modules.bronze.raw_reader import CORRUPT_RECORD
from etl_customers.modules.silver import columns
from etl_customers.modules.silver.columns import normalised
from etl_customers.modules.silver.stores import with_store
from etl_customers.privacy.token_key import TokenKey, keyed_hash, with_keys, without_keys

CPF_PURPOSE, CONTENT_PURPOSE = "cpf:v1", "content:v1"
_PURPOSES = (CPF_PURPOSE, CONTENT_PURPOSE)
#: Columns of bronze that travel along, to point back at the row.
ORIGIN = ("_source", "_batch_id", "_source_file", "_row_hash", "_ingested_at")
QUARANTINE_PREFIX = "_q_"
_EPOCH = "1970-01-01 00:00:00"


def stage(bronze: DataFrame, spark: SparkSession, contract: Contract, key: TokenKey) -> DataFrame:
    """Bronze rows -> one staged row each.

    Columns: those of silver.purchases, `_q_<column>` for quarantine, `_errors` array<struct<rule, column>>,
    `_priority` of the source, and the origin.
    """
    frame = bronze.select(*contract.column_names, *ORIGIN, "_rescued_data")
    frame = frame.withColumns({f"_n_{c.name}": columns.normalise(c, contract) for c in contract.columns})
    apart = [columns.taken_apart(c) for c in contract.columns]
    frame = frame.withColumns({name: value for values in apart for name, value in values.items()})
    typed = [columns.typed(c, contract) for c in contract.columns]
    frame = frame.withColumns({name: value for values in typed for name, value in values.items()})
    frame = with_store(frame, spark, contract)
    frame = frame.withColumns({f"_f_{c.name}": columns.find_fault(c, contract) for c in contract.columns})
    frame = frame.withColumn("_errors", _errors(contract))
    frame = with_keys(frame, spark, key, _PURPOSES).withColumns(_identity(contract, key))
    frame = without_keys(frame, _PURPOSES).withColumn("purchase_key", _purchase_key(contract))
    shown = {name: value for c in contract.columns for name, value in columns.silver_values(c).items()}
    quarantine = {f"{QUARANTINE_PREFIX}{c.name}": columns.quarantine_text(c, contract) for c in contract.columns}
    values = [value.alias(name) for name, value in (shown | quarantine).items()]
    derived = ["purchase_key", "cpf_token", "token_key_id", "_event_at", "_content_hash", "_errors", "_priority"]
    return frame.select(*values, *derived, *ORIGIN)


def _errors(contract: Contract) -> Column:
    found = [F.when(columns.fault(c.name).isNotNull(), _error(columns.fault(c.name), c.name)) for c in contract.columns]
    corrupt = F.get_json_object("_rescued_data", f"$.{CORRUPT_RECORD}").isNotNull()
    unknown = ~F.col("_source").isin(*(source.name for source in contract.sources))
    whole_row = F.when(corrupt, F.array(_error(F.lit("CORRUPT_RECORD"), None))).when(
        unknown, F.array(_error(F.lit("SOURCE_UNKNOWN"), None))
    )
    return F.coalesce(whole_row, F.array_compact(F.array(*found)))


def _error(rule: Column, column: str | None) -> Column:
    return F.struct(rule.alias("rule"), F.lit(column).cast("string").alias("column"))


def _identity(contract: Contract, key: TokenKey) -> dict[str, Column]:
    (cpf,) = [column.name for column in contract.columns if column.format is ColumnFormat.CPF]
    token = F.when(columns.fault(cpf).isNull(), keyed_hash(normalised(cpf), CPF_PURPOSE))
    dated = [c.name for c in contract.columns if c.format is ColumnFormat.TIMESTAMP]
    dated += [c.name for c in contract.columns if c.format is ColumnFormat.DATE]
    event = [columns.value(name).cast("timestamp") for name in dated]
    return {
        "cpf_token": token,
        "token_key_id": F.when(token.isNotNull(), F.lit(key.key_id)),
        "_event_at": F.coalesce(*event, F.lit(_EPOCH).cast("timestamp")),
        "_content_hash": keyed_hash(F.to_json(F.struct(*_content(contract))), CONTENT_PURPOSE),
        "_priority": columns.by_source(contract, lambda source: F.lit(source.priority)),
    }


def _content(contract: Contract) -> list[Column]:
    """What two sources must agree on to have sent the same purchase: clear values, all but the time of the change."""
    content = []
    for column in contract.columns:
        if column.format is ColumnFormat.TIMESTAMP:
            continue
        if column.format is ColumnFormat.STORE:
            content.append(F.col(columns.STORE_ID))
        elif column.format is ColumnFormat.MONEY:
            content += [columns.value(column.name).cast("string"), F.col(f"_currency_{column.name}")]
        elif column.format is ColumnFormat.DATE:
            content.append(columns.value(column.name).cast("string"))
        elif column.format is ColumnFormat.EMAIL:
            content.append(F.lower(normalised(column.name)))
        else:
            content.append(normalised(column.name))
    return content


def _purchase_key(contract: Contract) -> Column:
    """The purchase's id in its namespace; without an id the purchase's whole content is its identity."""
    namespace = columns.by_source(contract, lambda source: F.lit(source.key_namespace))
    by_id = F.sha2(F.to_json(F.array(F.lit("id"), namespace, normalised("purchase_id"))), 256)
    by_content = F.sha2(F.to_json(F.array(F.lit("content"), namespace, F.col("_content_hash"))), 256)
    keyed = F.when(normalised("purchase_id").isNotNull(), by_id).otherwise(by_content)
    return F.when(F.size("_errors") == 0, keyed)

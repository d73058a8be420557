"""Silver's stage with plain Python UDFs: one a column, all in one pass over the rows.

It does a little less than `etl_customers.modules.silver.stage`, in its own favour: quarantine shows no half-read
values, and corrupt records and unknown sources are not looked for. Its tokens, hashes and keys are the same.
"""

from __future__ import annotations

import hashlib
import hmac

from customer_contract import Column as ContractColumn
from customer_contract import ColumnFormat, Contract
from customer_contract.names import match_key
from etl_customers.modules.silver.stage import CONTENT_PURPOSE, CPF_PURPOSE, ORIGIN
from etl_customers.privacy.token_key import TokenKey
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from benchmarks import python_content
from benchmarks import python_rules as rules
from benchmarks.python_rules import Text

_READ = "struct<value: string, faults: array<string>>"
_READ_AS = "struct<value: {}, faults: array<string>>"
_TIMES = frozenset({ColumnFormat.DATE, ColumnFormat.TIMESTAMP})


def stage_with_udfs(bronze: DataFrame, contract: Contract, key: TokenKey) -> DataFrame:
    """Bronze rows -> one staged row each, in the columns that matter."""
    names = contract.column_names
    keyed = bronze.select(
        *ORIGIN,
        *(_read(column, contract).alias(f"_r_{column.name}") for column in contract.columns),
        _token(key)("cpf").alias("cpf_token"),
        _keys(contract, key)("_source", "purchase_id", F.array(*names)).alias("_keys"),
        _priority(contract)("_source").alias("_priority"),
    )
    errors = F.concat(*(_errors(column) for column in contract.columns))
    money = "_r_total_amount"
    staged = keyed.select(
        *(F.col(f"_r_{name}.value").alias(name) for name in names),
        F.col(f"{money}.currency").alias("currency"),
        F.col("_r_store_location.id").alias("store_id"),
        F.col("_r_store_location.state").alias("store_state"),
        *(_unread(column).alias(f"_q_{column.name}") for column in contract.columns if _is_read(column)),
        "cpf_token",
        F.when(F.col("cpf_token").isNotNull(), F.lit(key.key_id)).alias("token_key_id"),
        F.coalesce("_r_updated_at.value", F.col("_r_purchase_date.value").cast("timestamp")).alias("_event_at"),
        F.col("_keys.content_hash").alias("_content_hash"),
        F.col("_keys.purchase_key").alias("_purchase_key"),
        errors.alias("_errors"),
        "_priority",
        *ORIGIN,
    )
    valid = F.size("_errors") == 0
    return staged.withColumn("purchase_key", F.when(valid, F.col("_purchase_key"))).drop("_purchase_key")


def _read(column: ContractColumn, contract: Contract) -> Column:
    sources = {source.name: source for source in contract.sources}
    name, minimum = column.name, column.minimum or 0
    match column.format:
        case ColumnFormat.CPF:
            return F.udf(rules.read_cpf, _READ)(name)
        case ColumnFormat.PAYMENT_CARD:
            return F.udf(rules.read_card, _READ)(name)
        case ColumnFormat.EMAIL:
            return F.udf(rules.read_email, _READ)(name)
        case ColumnFormat.DATE:
            read = F.udf(lambda text, source: rules.read_date(text, sources[source]), _READ_AS.format("date"))
            return read(name, "_source")
        case ColumnFormat.TIMESTAMP:
            read = F.udf(lambda text, source: rules.read_instant(text, sources[source]), _READ_AS.format("timestamp"))
            return read(name, "_source")
        case ColumnFormat.MONEY:
            kind = "struct<value: decimal(18,2), currency: string, faults: array<string>>"
            return F.udf(lambda text, source: rules.read_money(text, sources[source], minimum), kind)(name, "_source")
        case ColumnFormat.STORE:
            return _store(contract)(name)
        case _:
            squeezed = column.format is not ColumnFormat.IDENTIFIER
            reader = rules.TextReader(column.required, squeezed, column.max_length)
            return F.udf(reader.__call__, _READ)(name, "cpf", "credit_card_number", "email")


def _store(contract: Contract):  # type: ignore[no-untyped-def]  # PySpark's type of a UDF is private
    stores = {key: (store.name, store.id, store.state) for key, store in contract.store_aliases().items()}

    def read(text: Text) -> tuple[Text, Text, Text, list[str]]:
        cleaned = rules.clean(text)
        if cleaned is None:
            return None, None, None, []
        found = stores.get(match_key(cleaned))
        return (*found, []) if found else (None, None, None, ["STORE_UNKNOWN"])

    return F.udf(read, "struct<value: string, id: string, state: string, faults: array<string>>")


def _token(key: TokenKey):  # type: ignore[no-untyped-def]
    secret = key.subkey(CPF_PURPOSE)

    def token(text: Text) -> Text:
        digits = rules.cpf_digits(text)
        if digits is None or rules.cpf_fault(digits):
            return None
        return hmac.new(secret, digits.encode(), hashlib.sha256).hexdigest()

    return F.udf(token, "string")


def _keys(contract: Contract, key: TokenKey):  # type: ignore[no-untyped-def]
    secret = key.subkey(CONTENT_PURPOSE)
    namespaces = {source.name: source.key_namespace for source in contract.sources}

    content_of = python_content.reader(contract)

    def keys(source: str, purchase_id: Text, cells: list[Text]) -> tuple[str, str]:
        content = hmac.new(secret, content_of(source, cells), hashlib.sha256).hexdigest()
        own_id = rules.clean(purchase_id)
        identity = ["id", namespaces[source], own_id] if own_id else ["content", namespaces[source], content]
        return content, hashlib.sha256(python_content.unambiguous(identity)).hexdigest()

    return F.udf(keys, "struct<content_hash: string, purchase_key: string>")


def _priority(contract: Contract):  # type: ignore[no-untyped-def]
    priorities = {source.name: source.priority for source in contract.sources}
    return F.udf(lambda source: priorities[source], "int")


def _errors(column: ContractColumn) -> Column:
    faults = F.col(f"_r_{column.name}.faults")
    if column.format in _TIMES:
        moment = F.col(f"_r_{column.name}.value")
        future = moment > F.col("_ingested_at") + F.expr("INTERVAL 1 DAY")
        old = moment < F.lit("1900-01-01").cast("date")
        when = F.when(future, F.array(F.lit("DATE_IN_FUTURE"))).when(old, F.array(F.lit("DATE_TOO_OLD")))
        faults = F.concat(faults, F.coalesce(when, F.array().cast("array<string>")))
    return F.transform(faults, lambda rule: F.struct(rule.alias("rule"), F.lit(column.name).alias("column")))


def _unread(column: ContractColumn) -> Column:
    return F.when(F.col(f"_r_{column.name}.value").isNull(), F.lit("***"))


def _is_read(column: ContractColumn) -> bool:
    return column.format in _TIMES | {ColumnFormat.MONEY, ColumnFormat.STORE}

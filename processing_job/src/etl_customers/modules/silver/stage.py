"""The heart of silver: each bronze row standardised, checked, masked, tokenised and keyed, in native expressions.

What comes out holds no clear identifier, and is written once, so that counting, quarantine and MERGE see the same rows.
"""

from __future__ import annotations

from collections.abc import Callable

from customer_contract import ColumnFormat, Contract, Subject
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from etl_customers.modules.bronze.raw_reader import CORRUPT_RECORD
from etl_customers.modules.silver import columns, step_columns
from etl_customers.modules.silver.misplaced import search
from etl_customers.modules.silver.step_columns import normalised
from etl_customers.modules.silver.stores import with_store
from etl_customers.modules.silver.text import first_fault, folded
from etl_customers.privacy.token_key import KeyedHash, TokenKey

CPF_PURPOSE, CONTENT_PURPOSE = "cpf:v1", "content:v2"
#: Columns of bronze that travel along, to point back at the row.
ORIGIN = ("_source", "_batch_id", "_source_file", "_row_hash", "_ingested_at")
#: What no step looks at is one struct on the way, which is copied as a whole.
_LUGGAGE = "_luggage"
_PACKED = ("_batch_id", "_source_file", "_row_hash", "_rescued_data")
#: Before the name of a column: its text where it could not be read, for quarantine.
UNREAD = "_q_"
_EPOCH = "1970-01-01 00:00:00"


def stage(bronze: DataFrame, spark: SparkSession, contract: Contract, key: TokenKey) -> DataFrame:
    """Bronze rows -> one staged row each.

    Columns: those of silver.purchases, `_q_<column>` (for quarantine) with what could not be read as a value,
    `_errors` array<struct<rule, column>>, `_priority` of the source, and the origin.
    """
    luggage = F.struct(*_PACKED).alias(_LUGGAGE)
    step = _Steps(bronze.select(*contract.column_names, "_source", "_ingested_at", luggage), contract)
    step.add_each(columns.normalise)
    step.add_each(columns.first_step, search(contract))
    step.frame = with_store(step.frame, spark, contract)
    step.add_each(columns.second_step)
    shown = {name: value for c in contract.columns for name, value in columns.silver_values(c).items()}
    unread = {f"{UNREAD}{n}": v for c in contract.columns for n, v in columns.unread_text(c).items()}
    keyed_hash = KeyedHash(spark, key, (CPF_PURPOSE, CONTENT_PURPOSE))
    content_hash = keyed_hash(_tagged(_content(contract)), CONTENT_PURPOSE)
    derived = {
        **_identity(contract, key, keyed_hash),
        "_content_hash": content_hash,
        "purchase_key": _purchase_key(contract, content_hash),
        "_errors": _errors(contract),
    }
    values = [value.alias(name) for name, value in (shown | unread | derived).items()]
    origin = [F.col(f"{_LUGGAGE}.{name}" if name in _PACKED else name) for name in ORIGIN]
    return step.frame.select(*values, *origin)


class _Steps:
    """Adds columns to a frame, each step seeing those of the steps before."""

    def __init__(self, frame: DataFrame, contract: Contract) -> None:
        self.frame = frame
        self._contract = contract

    def add(self, values: dict[str, Column]) -> None:
        self.frame = self.frame.withColumns(values)

    def add_each(self, make: Callable[..., dict[str, Column]], more: dict[str, Column] | None = None) -> None:
        values = [make(column, self._contract) for column in self._contract.columns]
        self.add({name: value for found in values for name, value in found.items()} | (more or {}))


def _errors(contract: Contract) -> Column:
    faults = [step_columns.fault(c.name) for c in contract.columns]
    found = [F.when(fault.isNotNull(), _error(fault, c.name)) for fault, c in zip(faults, contract.columns)]
    none = F.array().cast("array<struct<rule: string, column: string>>")
    broken = F.when(F.coalesce(*faults).isNull(), none).otherwise(F.array_compact(F.array(*found)))
    return F.coalesce(
        F.when(_whole_row_fault(contract).isNotNull(), F.array(_error(_whole_row_fault(contract), None))), broken
    )


def _whole_row_fault(contract: Contract) -> Column:
    corrupt = F.get_json_object(f"{_LUGGAGE}._rescued_data", f"$.{CORRUPT_RECORD}").isNotNull()
    unknown = ~F.col("_source").isin(*(source.name for source in contract.sources))
    return first_fault((corrupt, "CORRUPT_RECORD"), (unknown, "SOURCE_UNKNOWN"))


def _is_valid(contract: Contract) -> Column:
    faults = [step_columns.fault(c.name) for c in contract.columns]
    return F.coalesce(_whole_row_fault(contract), *faults).isNull()


def _error(rule: Column, column: str | None) -> Column:
    return F.struct(rule.alias("rule"), F.lit(column).cast("string").alias("column"))


def _identity(contract: Contract, key: TokenKey, keyed_hash: KeyedHash) -> dict[str, Column]:
    (cpf,) = [column.name for column in contract.columns if column.format is ColumnFormat.CPF]
    known = step_columns.fault(cpf).isNull() & normalised(cpf).isNotNull()
    event = [step_columns.value(name).cast("timestamp") for name in _event_columns(contract)]
    return {
        "cpf_token": F.when(known, keyed_hash(normalised(cpf), CPF_PURPOSE)),
        "token_key_id": F.when(known, F.lit(key.key_id)),
        "_event_at": F.coalesce(*event, F.lit(_EPOCH).cast("timestamp")),
        "_priority": columns.by_source(contract, lambda source: F.lit(source.priority)),
    }


def _event_columns(contract: Contract) -> list[str]:
    """What tells when a version came to be: the first time, else the first day, that the contract has of a purchase.

    Not those after it, nor a customer's: a column that the contract gains must not move purchases in time.
    """
    of_purchase = [column for column in contract.columns if column.subject is Subject.PURCHASE]
    by_format = [[c.name for c in of_purchase if c.format is f] for f in (ColumnFormat.TIMESTAMP, ColumnFormat.DATE)]
    return [names[0] for names in by_format if names]


def _content(contract: Contract) -> dict[str, Column]:
    """What two sources must agree on to have sent the same purchase: clear values, all but the time of the change.

    Case and accents are no contradiction: one source writes JOAO where another writes João.
    """
    content = {}
    for column in contract.columns:
        text = normalised(column.name)
        if column.format is ColumnFormat.TIMESTAMP:
            continue
        if column.format is ColumnFormat.STORE:
            content[column.name] = F.col(columns.STORE_ID)
        elif column.format is ColumnFormat.MONEY:
            content[column.name] = step_columns.value(column.name).cast("string")
            content[f"{column.name}.currency"] = F.col(f"_currency_{column.name}")
        elif column.format is ColumnFormat.DATE:
            content[column.name] = F.unix_date(step_columns.value(column.name)).cast("string")
        elif column.format is ColumnFormat.EMAIL:
            content[column.name] = F.lower(text)
        elif column.format in (ColumnFormat.PERSON_NAME, ColumnFormat.TEXT):
            content[column.name] = folded(text)
        else:
            content[column.name] = text
    return content


def _tagged(values: dict[str, Column]) -> Column:
    """One text of several: name, length and value of each that is not NULL, in the order of the names.

    A column that the contract gains leaves the text of a row without it as it was. No two different rows give the same:
    a name ends before `=`, which no name has, and each value is led by its length.
    """
    led = [F.concat(F.lit(f"{n}="), F.octet_length(v), F.lit(":"), v) for n, v in sorted(values.items())]
    return F.concat_ws("", *led)  # leaves out NULLs


def _unambiguous(values: list[Column]) -> Column:
    """One text of several: no two different lists give the same, since each value is led by its length."""
    return F.concat(*(F.coalesce(F.concat(F.octet_length(v), F.lit(":"), v), F.lit("-")) for v in values))


def _purchase_key(contract: Contract, content_hash: Column) -> Column:
    """The purchase's id in its namespace; without an id the purchase's whole content is its identity."""
    namespace = columns.by_source(
        contract, lambda source: F.lit(source.key_namespace), lambda source: source.key_namespace
    )
    by_id = F.sha2(_unambiguous([F.lit("id"), namespace, normalised("purchase_id")]), 256)
    by_content = F.sha2(_unambiguous([F.lit("content"), namespace, content_hash]), 256)
    keyed = F.when(normalised("purchase_id").isNotNull(), by_id).otherwise(by_content)
    return F.when(_is_valid(contract), keyed)

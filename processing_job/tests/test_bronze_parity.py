"""Both raw readers make the same bronze rows of the same files: the local one of real files, and what we do to a frame
of Auto Loader's of what its documentation says that it yields.

Where they cannot be alike, as Auto Loader does not show the line (none is written by the services, whose records are
one JSON object a line): behind an object it drops what follows on the line, and of a line with an array of objects it
makes several rows, which the count of the manifest then reports; here both are corrupt records. Of a name that stands
twice in an object it takes the last value, here the first is taken. A number with a fraction in a field that the
contract does not know, rescued by Auto Loader as a number, is `1.5` where the file has `1.50`. A value nested more than
three levels deep is kept by Auto Loader as written, and here without its blanks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from customer_contract import Contract, RawFormat
from lake_kit import SmallLake
from parity_cases import BIG, BIG_SIZE, CSV_CASES, JSON_CASES, ParityCase, Row
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from etl_customers.job import Layer
from etl_customers.modules.bronze.auto_loader import AutoLoaderReader, bronze_rows
from etl_customers.modules.bronze.file_stream import json_rows
from etl_customers.modules.bronze.raw_parts import RawParts, canonical_columns
from etl_customers.modules.bronze.raw_reader import CORRUPT_RECORD, RESCUED, text_schema

_SOURCES = {RawFormat.JSON_LINES: "database", RawFormat.CSV: "csv"}


def test_both_readers_make_the_rows_that_are_wanted(lake: SmallLake, spark: SparkSession, contract: Contract) -> None:
    cases = [*JSON_CASES, *CSV_CASES]
    batches = {_put(lake, case).name: case for case in cases}
    lake.run(Layer.BRONZE)
    found = lake.job().bronze.read().withColumn("_case", F.regexp_extract("_source_file", "(batch=[0-9]+)", 1))
    local = _by_case(found, batches, contract)
    for case in cases:
        assert local[_id(case)] == _expected(case), f"local reader: {_id(case)}"
    for columns, group in groupby(cases, key=lambda case: case.columns):
        members = {_id(case) for case in group}
        some = {name: case for name, case in batches.items() if _id(case) in members}
        loaded = _auto_loader(lake, spark, contract, some, columns)
        for name, rows in loaded.items():
            assert rows == local[name], f"Auto Loader: {name}"


def _put(lake: SmallLake, case: ParityCase) -> Path:
    text = case.text.replace(BIG, "x" * BIG_SIZE)
    return lake.put_text(_SOURCES[case.format], text, len(case.bronze), case.format.value, list(case.columns))


def _id(case: ParityCase) -> str:
    return f"{case.format.value} {case.name}"


def _auto_loader(
    lake: SmallLake,
    spark: SparkSession,
    contract: Contract,
    batches: dict[str, ParityCase],
    columns: tuple[str, ...],
) -> dict[str, list[Row]]:
    """Spark's own reader for the columns of the schema, the documentation for the rescued data, then our own code."""
    raw_format = next(iter(batches.values())).format
    keys = tuple(name.removeprefix("batch=") for name in batches)
    parts = RawParts(contract.source(_SOURCES[raw_format]), raw_format, columns, keys)
    options = AutoLoaderReader(spark, "", contract, 1, "").options(parts)
    own = {
        name: value
        for name, value in options.items()
        if not name.startswith("cloudFiles.") and name != "rescuedDataColumn"
    }
    kind = options["cloudFiles.format"]
    reader = spark.read.format(kind).schema(text_schema(columns or contract.column_names)).options(**own)
    frame = reader.load(parts.glob(f"{lake.root}/raw", contract.name)).withColumn(
        "_source_file", F.col("_metadata.file_path")
    )
    frame = frame.withColumn("_case", F.regexp_extract("_source_file", "(batch=[0-9]+)", 1))
    rescued: Column = F.lit(None).cast("string")
    for name, case in batches.items():
        for text in filter(None, case.rescued):
            rescued = F.when(F.col("_case") == name, F.lit(text)).otherwise(rescued)
    rows = bronze_rows(frame.withColumn(RESCUED, rescued), parts, contract)
    rows = rows.withColumn("_case", F.regexp_extract("_source_file", "(batch=[0-9]+)", 1))
    return _by_case(rows, batches, contract)


def _by_case(frame: DataFrame, batches: dict[str, ParityCase], contract: Contract) -> dict[str, list[Row]]:
    names = [*contract.column_names, RESCUED]
    big = F.lit("x" * 100)
    shown = [
        F.when(F.length(n) == BIG_SIZE, F.when(F.substring(n, -100, 100) == big, BIG)).otherwise(F.col(n)).alias(n)
        for n in names
    ]
    found: dict[str, list[Row]] = {_id(case): [] for case in batches.values()}
    for row in frame.select("_case", *shown).collect():
        told = {name: row[name] for name in names if row[name] is not None}
        found[_id(batches[row["_case"]])].append(told)
    return {name: sorted(rows, key=str) for name, rows in found.items()}


def _expected(case: ParityCase) -> list[Row]:
    return sorted(case.bronze, key=str)


def test_a_token_more_than_the_header_has_is_lost_by_neither(spark: SparkSession, contract: Contract) -> None:
    """What Auto Loader rescues of CSV by itself goes beside `_extra`."""
    columns = canonical_columns(contract)
    parts = RawParts(contract.source("csv"), RawFormat.CSV, columns)
    names = ["_extra", RESCUED, "_source_file", CORRUPT_RECORD]
    values = [('{"a":1}', '{"_c13":"x","_file_path":"p"}', "f", None), (None, None, "f", None)]
    schema = StructType([StructField(name, StringType()) for name in names])
    frame = spark.createDataFrame(values, schema)
    frame = frame.select("*", *(F.lit("v").alias(name) for name in contract.column_names))
    rescued = [row[RESCUED] for row in bronze_rows(frame, parts, contract).collect()]
    assert rescued == ['{"_extra":"{\\"a\\":1}","_c13":"x"}', None]


@pytest.mark.parametrize(
    "line", ['{"customer_id":"C1"}{"customer_id":"C2"}', '{"customer_id":"C1"} rubbish', '[{"customer_id":"C1"}]']
)
def test_a_line_that_is_not_one_object_is_a_corrupt_record_here(
    spark: SparkSession, contract: Contract, line: str
) -> None:
    """The differences that cannot be mended; in a text the same signs are no end of an object."""
    good = '{"customer_id":"C3","product":"}{ \\"} {"}'
    frame = spark.createDataFrame([(line, "f"), (good, "f")], "value string, _source_file string")
    broken, whole = json_rows(frame, contract).collect()
    assert broken["customer_id"] is None and CORRUPT_RECORD in broken[RESCUED]
    assert (whole["customer_id"], whole["product"], whole[RESCUED]) == ("C3", '}{ "} {', None)


_COMMON = {
    "cloudFiles.schemaEvolutionMode": "none",
    "cloudFiles.useNotifications": "false",
    "cloudFiles.allowOverwrites": "false",
    "cloudFiles.inferColumnTypes": "false",
    "cloudFiles.maxFilesPerTrigger": "100",
    "rescuedDataColumn": "_rescued_data",
    "columnNameOfCorruptRecord": "_corrupt_record",
    "mode": "PERMISSIVE",
}
_AS_JSON = {"maxStringLen": "2147483647"}
_AS_CSV = {"header": "true", "multiLine": "true", "quote": '"', "escape": '"'}


@pytest.mark.parametrize(
    ("source", "raw_format", "keys", "own"),
    [
        ("database", RawFormat.JSON_LINES, None, {"schemaLocation": "/schemas/database", "format": "json"}),
        (
            "database",
            RawFormat.CSV,
            None,
            {"schemaLocation": "/schemas/database-csv", "format": "csv", "nullValue": "\0"},
        ),
        ("csv", RawFormat.CSV, None, {"schemaLocation": "/schemas/csv", "format": "csv"}),
        ("csv", RawFormat.CSV, ("k1", "k2"), {"schemaLocation": "/schemas/csv-{header}", "format": "csv"}),
    ],
)
def test_auto_loader_is_given_exactly_these_options(
    contract: Contract, source: str, raw_format: RawFormat, keys: tuple[str, ...] | None, own: dict[str, str]
) -> None:
    columns = canonical_columns(contract) if raw_format is RawFormat.CSV else ()
    parts = RawParts(contract.source(source), raw_format, columns, keys)
    reader = _Recorded()
    stream = AutoLoaderReader(reader, "/Volumes/raw", contract, 100, "/schemas").stream  # type: ignore[arg-type]
    with pytest.raises(_Loaded) as loaded:
        stream(parts)
    wanted = _COMMON | (_AS_CSV if raw_format is RawFormat.CSV else _AS_JSON)
    for name, value in own.items():
        place = name if name == "nullValue" else f"cloudFiles.{name}"
        wanted[place] = value.replace("{header}", parts.name.rpartition("-")[2])
    assert reader.asked == {"format": "cloudFiles", **wanted}
    assert reader.asked_schema == [*(columns or contract.column_names), "_corrupt_record"]
    batches = "*" if keys is None else "{k1,k2}"
    assert str(loaded.value) == f"/Volumes/raw/{source}/customers/batch={batches}/part-*.{raw_format.value}"
    assert reader.confs == {"spark.databricks.sql.rescuedDataColumn.filePath.enabled": "false"}


class _Loaded(Exception):
    """Carries the path that was to be loaded."""


class _Recorded:
    """A session as far as the reader calls it: `cloudFiles` is unknown outside Databricks."""

    def __init__(self) -> None:
        self.asked: dict[str, str] = {}
        self.asked_schema: Sequence[str] = ()
        self.confs: dict[str, str] = {}
        self.readStream = self.conf = self

    def set(self, name: str, value: str) -> None:
        self.confs[name] = value

    def format(self, name: str) -> _Recorded:
        self.asked["format"] = name
        return self

    def options(self, **options: str) -> _Recorded:
        self.asked.update(options)
        return self

    def schema(self, schema: StructType) -> _Recorded:
        self.asked_schema = schema.fieldNames()
        return self

    def load(self, path: str) -> None:
        raise _Loaded(path)


def test_a_stream_takes_what_there_is_and_ends(lake: SmallLake, spark: SparkSession) -> None:
    started = _Started()
    load = replace(lake.job()._bronze_load(), reader=started)  # type: ignore[arg-type]
    with pytest.raises(_Loaded):
        load._start(RawParts(load.contract.source("csv"), RawFormat.CSV, ("a",), ("k1",)))
    assert started.told["trigger"] == {"availableNow": True}
    name, checkpoint = started.told["option"]
    assert name == "checkpointLocation" and checkpoint.startswith(f"{lake.root}/bronze/_checkpoints/csv-")


class _Started:
    """A reader, its stream and its writer, as far as the load calls them."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self.writeStream = self

    def stream(self, _: RawParts) -> _Started:
        return self

    def withColumn(self, *_: object) -> _Started:
        return self

    def foreachBatch(self, _: object) -> _Started:
        return self

    def trigger(self, **told: object) -> _Started:
        self.told["trigger"] = told
        return self

    def option(self, *told: str) -> _Started:
        self.told["option"] = told
        return self

    def start(self) -> None:
        raise _Loaded

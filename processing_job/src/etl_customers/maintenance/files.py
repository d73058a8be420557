"""What a table's directory holds: the files of its newest version, and those that no version needs any more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import median_low
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from etl_customers.utils.lake_table import LakeTable

#: A file below this is small: half of the 128 MiB that auto compaction aims at, as Delta itself sees it.
SMALL_FILE_BYTES = 64 * 1024 * 1024
RETENTION_PROPERTY = "delta.deletedFileRetentionDuration"
#: Delta's default and our floor: below it a reader or a writer at work may lose files it still needs.
MIN_RETENTION_HOURS = 168
_HOURS = {"hour": 1, "day": 24, "week": 168}


@dataclass(frozen=True)
class Reclaimable:
    """Files that no version within the retention needs, as VACUUM's dry run lists them (Databricks: the first 1,000).

    `size` is in bytes; None where the platform forbids reading a table's directory.
    """

    files: int
    size: int | None


@dataclass(frozen=True)
class FileReport:
    """The newest version's files. Sizes in bytes; `small_files`: below `SMALL_FILE_BYTES`."""

    files: int
    bytes: int
    small_files: int
    median_file_bytes: int | None
    rows: int
    reclaimable_files: int
    reclaimable_bytes: int | None


@dataclass(frozen=True)
class Layout:
    """How the table is kept: its properties and clustering columns."""

    properties: dict[str, str]
    clustered_by: list[str]

    @property
    def retention_hours(self) -> int:
        """By the table's property; Delta's default if it has none. A unit that is not known counts as the floor."""
        told = re.fullmatch(r"interval (\d+) (hour|day|week)s?", self.properties.get(RETENTION_PROPERTY, ""))
        return int(told[1]) * _HOURS[told[2]] if told else MIN_RETENTION_HOURS


def layout_of(table: LakeTable) -> Layout:
    """Read from the table's metadata."""
    detail = table.delta().detail().select("properties", "clusteringColumns").collect()[0]
    return Layout(dict(detail["properties"]), list(detail["clusteringColumns"] or []))


def report_on(table: LakeTable, rest: Reclaimable) -> FileReport:
    """Measure the newest version: reads footers of its data files, no values. `rest`: what it does not need."""
    size, rows = F.first("_metadata.file_size").alias("size"), F.count("*").alias("rows")
    found: list[Any] = table.read().groupBy("_metadata.file_path").agg(size, rows).collect()
    sizes = [row["size"] for row in found]
    return FileReport(
        files=len(sizes),
        bytes=sum(sizes),
        small_files=sum(1 for size in sizes if size < SMALL_FILE_BYTES),
        median_file_bytes=median_low(sizes) if sizes else None,
        rows=sum(row["rows"] for row in found),
        reclaimable_files=rest.files,
        reclaimable_bytes=rest.size,
    )


def reclaimable(table: LakeTable) -> Reclaimable:
    """What VACUUM would delete by the table's own retention."""
    listed = table.spark.sql(f"VACUUM {table.address.sql} DRY RUN").collect()
    # Directories are listed too, `_change_data` even if it is full.
    paths = [row["path"] for row in listed if "." in row["path"].rsplit("/", 1)[-1]]
    return Reclaimable(len(paths), _size(table, paths))


def _size(table: LakeTable, paths: list[str]) -> int | None:
    if not paths:
        return 0
    try:  # only the listing is read: `content` is not asked for
        files = table.spark.read.format("binaryFile").load(paths)
        return int(files.agg(F.coalesce(F.sum("length"), F.lit(0))).collect()[0][0])
    except PySparkException:
        return None

"""What the tests of maintenance need beside a lake: time that has passed, and a rival writer."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

from pyspark.sql import SparkSession


def age(root: Path, hours: int, spark: SparkSession) -> None:
    """Make every Delta table below look as if all had been done so many hours earlier."""

    def earlier(told: re.Match[str]) -> str:
        return f'"{told[1]}":{int(told[2]) - hours * 3_600_000}'

    for file in [path for path in root.rglob("*") if path.is_file()]:
        if file.parent.name == "_delta_log" and file.suffix == ".json":
            text = file.read_text(encoding="utf-8")
            aged = re.sub(r'"(deletionTimestamp|timestamp|modificationTime)":(\d+)', earlier, text)
            stat = file.stat()
            file.write_text(aged, encoding="utf-8")
            os.utime(file, (stat.st_atime, stat.st_mtime))
            file.with_name(f".{file.name}.crc").unlink(missing_ok=True)
    for file in [path for path in root.rglob("*") if path.is_file()]:
        os.utime(file, (file.stat().st_atime, file.stat().st_mtime - hours * 3600))
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # type: ignore[union-attr]


class Rival:
    """Another writer whose commit to a table lies ready, and is published at the moment it is called for.

    The commit is a real one, made on a copy of the table.
    """

    def __init__(self, table: Path, spark: SparkSession, delete: str) -> None:
        self._table = table
        twin = table.with_name(f"{table.name}_twin")
        shutil.copytree(table, twin)
        known = set(table.rglob("*"))
        spark.sql(f"DELETE FROM delta.`{twin}` WHERE {delete}")
        self._commit = max((twin / "_delta_log").glob("*.json"))
        for file in twin.rglob("*.parquet"):
            here = table / file.relative_to(twin)
            if here not in known:
                here.parent.mkdir(exist_ok=True)
                shutil.copyfile(file, here)
        self._before = set(table.glob("part-*.parquet"))

    def commit_during_a_write(self, seconds: float = 60) -> None:
        """Wait for the first file that somebody else writes, then commit."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if set(self._table.glob("part-*.parquet")) - self._before:
                os.link(self._commit, self._table / "_delta_log" / self._commit.name)
                return
            time.sleep(0.001)
        raise TimeoutError("nobody wrote")

"""Where a table is: in a directory, or under a name of a catalog. Only here does anybody ask which.

Sources: https://docs.delta.io/latest/delta-batch.html (names and paths for reading, writing and versions),
https://docs.delta.io/latest/delta-change-data-feed.html (change feed of a named table).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from delta.tables import DeltaTable
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, DataFrameReader, DataFrameWriter, SparkSession
from pyspark.sql.types import StructType

#: What Delta's builder says of a log without commits: a run was killed between making the one and the other. Its writer
#: takes such a directory (Delta 4.4.0).
_NOT_FOUND = "DELTA_TABLE_NOT_FOUND"


@dataclass(frozen=True)
class Address:
    """Of one Delta table.

    Attributes:
        text: the table's directory, or its name as SQL writes it: `` `catalog`.`schema`.`table` ``.
        is_name: which of the two.
    """

    text: str
    is_name: bool = False

    @property
    def directory(self) -> Path | None:
        """The directory, if that is what is known; it need not be on a local disk."""
        return None if self.is_name else Path(self.text)

    @property
    def sql(self) -> str:
        """The table as FROM takes it. A local directory in full: SQL takes a relative one for a name (Delta 4.4.0)."""
        if self.is_name:
            return self.text
        is_local = not urlsplit(self.text).scheme
        return f"delta.{quoted(str(Path(self.text).absolute()) if is_local else self.text)}"

    def exists(self, spark: SparkSession) -> bool:
        """True if there is such a Delta table."""
        return spark.catalog.tableExists(self.text) if self.is_name else DeltaTable.isDeltaTable(spark, self.text)

    def delta(self, spark: SparkSession) -> DeltaTable:
        """The table for MERGE and history."""
        return DeltaTable.forName(spark, self.text) if self.is_name else DeltaTable.forPath(spark, self.text)

    def create(self, spark: SparkSession, schema: StructType, properties: dict[str, str]) -> None:
        """Create the empty table, its columns commented by the schema."""
        if self.is_name:  # Delta's own builder takes names of two parts only, outside Databricks
            writer = spark.createDataFrame([], schema).writeTo(self.text).using("delta")
            for key, value in properties.items():
                writer = writer.tableProperty(key, value)
            writer.create()
            return
        builder = DeltaTable.createIfNotExists(spark).location(self.text).addColumns(schema)
        for key, value in properties.items():
            builder = builder.property(key, value)
        try:
            builder.execute()
        except AnalysisException as refusal:
            if refusal.getCondition() != _NOT_FOUND:
                raise
            nothing = spark.createDataFrame([], schema).write.format("delta").mode("ignore")
            nothing.options(**properties).save(self.text)

    def load(self, reader: DataFrameReader) -> DataFrame:
        """What the reader reads, by the options that it was given."""
        reader = reader.format("delta")
        return reader.table(self.text) if self.is_name else reader.load(self.text)

    def save(self, writer: DataFrameWriter) -> None:
        """Write, by the mode and the options that the writer was given."""
        writer = writer.format("delta")
        if self.is_name:
            writer.saveAsTable(self.text)
        else:
            writer.save(self.text)


@dataclass(frozen=True)
class Place:
    """Where a layer's tables are: in a directory, or in a schema of a catalog, named `catalog.schema`."""

    text: str
    is_schema: bool = False

    def table(self, name: str) -> Address:
        """The address of one of its tables."""
        if not self.is_schema:
            return Address(f"{self.text}/{name}")
        return Address(".".join(map(quoted, [*self.text.split("."), name])), is_name=True)


def quoted(identifier: str) -> str:
    """As SQL takes any identifier."""
    return f"`{identifier.replace('`', '``')}`"

"""What the job is told, by environment variables with the prefix ETL_ or by the command line."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import PositiveInt, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from etl_customers.utils.address import Place

#: An empty one would be the root of the file system, or whatever directory the job was started in.
PathText = Annotated[str, StringConstraints(min_length=1)]
SchemaName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?$")]


class RawReaderKind(StrEnum):
    """How raw files are discovered: Auto Loader exists on Databricks only."""

    AUTO_LOADER = "auto_loader"
    FILE_STREAM = "file_stream"


class SessionKind(StrEnum):
    """Where the Spark session comes from: started here, or given by the platform."""

    LOCAL = "local"
    AMBIENT = "ambient"


class JobSettings(BaseSettings):
    """Paths are directories: local ones, or Unity Catalog volumes on Databricks.

    The tables of a layer are directories below its path or, if its schema is given instead, tables of that schema
    (`catalog.schema`).
    """

    model_config = SettingsConfigDict(env_prefix="ETL_", extra="ignore")

    raw_path: PathText
    bronze_path: PathText | None = None
    silver_path: PathText | None = None
    gold_path: PathText | None = None
    bronze_schema: SchemaName | None = None
    silver_schema: SchemaName | None = None
    gold_schema: SchemaName | None = None
    #: Of the table of metrics; beside silver's tables by default.
    ops_schema: SchemaName | None = None
    #: Where the raw readers keep which files they have seen; below bronze's directory by default.
    checkpoint_path: PathText | None = None
    runs_path: Path
    #: The token key is in this file, or in a secret scope of Databricks.
    token_key_file: Path | None = None
    token_key_scope: str | None = None
    token_key_name: str = "token-key"
    token_key_id: str = "k1"
    contract_path: Path | None = None
    raw_reader: RawReaderKind = RawReaderKind.FILE_STREAM
    session: SessionKind = SessionKind.LOCAL
    max_files_per_trigger: PositiveInt = 1000
    #: Put one masked golden record into summary and report. It has a name on it: for synthetic data.
    show_sample: bool = False
    #: Run through although nothing has changed since the last run.
    recheck: bool = False
    local_threads: PositiveInt = 2
    local_memory: str = "4g"

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        for one, other in (
            ("bronze_path", "bronze_schema"),
            ("silver_path", "silver_schema"),
            ("gold_path", "gold_schema"),
            ("token_key_file", "token_key_scope"),
        ):
            if (getattr(self, one) is None) == (getattr(self, other) is None):
                raise ValueError(f"give ETL_{one.upper()} or ETL_{other.upper()}, and not both")
        if self.checkpoint_path is None and self.bronze_path is None:
            raise ValueError("give ETL_CHECKPOINT_PATH, as ETL_BRONZE_SCHEMA is no directory")
        return self

    @property
    def checkpoints(self) -> str:
        """The directory of the raw readers' checkpoints."""
        return self.checkpoint_path or f"{self.bronze_path}/_checkpoints"

    @property
    def bronze(self) -> Place:
        """Where bronze's tables are."""
        return _place(self.bronze_path, self.bronze_schema)

    @property
    def silver(self) -> Place:
        """Where silver's tables are."""
        return _place(self.silver_path, self.silver_schema)

    @property
    def gold(self) -> Place:
        """Where gold's tables are."""
        return _place(self.gold_path, self.gold_schema)

    @property
    def ops(self) -> Place:
        """Where the table of metrics is."""
        return _place(self.silver_path and f"{self.silver_path}/_ops", self.ops_schema or self.silver_schema)


def _place(path: str | None, schema: str | None) -> Place:
    return Place(path or "") if schema is None else Place(schema, is_schema=True)

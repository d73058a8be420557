"""What the job is told, by environment variables with the prefix ETL_ or by the command line."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class RawReaderKind(StrEnum):
    """How raw files are discovered: Auto Loader exists on Databricks only."""

    AUTO_LOADER = "auto_loader"
    FILE_STREAM = "file_stream"


class SessionKind(StrEnum):
    """Where the Spark session comes from: started here, or given by the platform."""

    LOCAL = "local"
    AMBIENT = "ambient"


class JobSettings(BaseSettings):
    """Paths are directories: local ones, or Unity Catalog volumes and external locations on Databricks."""

    model_config = SettingsConfigDict(env_prefix="ETL_", extra="ignore")

    raw_path: str
    bronze_path: str
    silver_path: str
    gold_path: str
    runs_path: Path
    token_key_file: Path
    token_key_id: str = "k1"
    contract_path: Path | None = None
    raw_reader: RawReaderKind = RawReaderKind.FILE_STREAM
    session: SessionKind = SessionKind.LOCAL
    max_files_per_trigger: int = 1000
    #: Put one masked golden record into summary and report. It has a name on it: for synthetic data.
    show_sample: bool = False
    #: Run through although nothing has changed since the last run.
    recheck: bool = False
    local_threads: int = 2
    local_memory: str = "2g"

    @property
    def checkpoint_path(self) -> str:
        """Where the raw readers keep which files they have seen."""
        return f"{self.bronze_path}/_checkpoints"

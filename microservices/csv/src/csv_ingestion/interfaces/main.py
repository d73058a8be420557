"""Composition root of the CSV service."""

from __future__ import annotations

from importlib.metadata import version

from customer_contract import load_contract
from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.domain.ports.source import Source
from ingestion_kernel.interfaces.cli import ServiceInfo, service_cli

from csv_ingestion.application.helpers.records import ReadLimits
from csv_ingestion.application.validators.header import HeaderRules
from csv_ingestion.infrastructure.config.settings import CsvSettings
from csv_ingestion.infrastructure.ingestion.source import CsvSource, FileRules
from csv_ingestion.infrastructure.storage.drop_folder import DropFolder


def build_source(settings: CsvSettings) -> Source:
    """The source that these settings describe.

    Raises:
        ConfigurationInvalid: CSV_HEADER_MAP points to a column that the contract does not have.
    """
    contract = load_contract()
    try:
        header = HeaderRules(contract.column_names, contract.required_columns, settings.csv_header_map)
    except ValueError as error:
        raise ConfigurationInvalid(f"CSV_HEADER_MAP: {error}") from None
    rules = FileRules(
        columns=contract.column_names,
        header=header,
        delimiters=settings.csv_delimiters,
        fallback_encoding=settings.csv_fallback_encoding,
        max_file_bytes=settings.csv_max_file_bytes,
        limits=ReadLimits(settings.csv_max_field_bytes),
        max_bad_rows_share=settings.csv_max_bad_rows_share,
    )
    return CsvSource(DropFolder(settings.csv_input_dir, settings.csv_min_age_seconds), rules)


app = service_cli(
    ServiceInfo(
        name="csv-ingestion",
        version=version("csv-ingestion"),
        title="CSV ingestion",
        description="Takes customer CSV files from a drop folder into the raw lake.",
    ),
    CsvSettings,
    build_source,
)


def main() -> None:
    """Entry point of the console script."""
    app()

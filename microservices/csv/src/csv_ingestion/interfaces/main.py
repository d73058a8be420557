"""Composition root of the CSV service."""

from __future__ import annotations

from importlib.metadata import version

from customer_contract import load_contract
from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.domain.ports.source import Source
from ingestion_kernel.infrastructure.storage.location import LocalLocation, parse_raw_url
from ingestion_kernel.interfaces.cli import ServiceInfo, service_cli

from csv_ingestion.application.helpers.records import ReadLimits
from csv_ingestion.application.helpers.unpacking import UnpackLimits
from csv_ingestion.application.validators.header import HeaderRules
from csv_ingestion.domain.ports.inbox import Inbox
from csv_ingestion.infrastructure.config.settings import CsvSettings
from csv_ingestion.infrastructure.ingestion.batch import FileRules
from csv_ingestion.infrastructure.ingestion.source import CsvSource
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
        encoding=settings.csv_encoding,
        fallback_encoding=settings.csv_fallback_encoding,
        max_file_bytes=settings.csv_max_file_bytes,
        unpack=UnpackLimits(settings.csv_max_file_bytes, settings.csv_max_unpack_ratio),
        limits=ReadLimits(settings.csv_max_field_bytes),
        max_bad_rows_share=settings.csv_max_bad_rows_share,
    )
    return CsvSource(_open_inbox(settings), rules)


def _open_inbox(settings: CsvSettings) -> Inbox:
    location = parse_raw_url(settings.csv_input_dir)
    if isinstance(location, LocalLocation):
        return DropFolder(location.root, settings.readiness, settings.retention)
    # imported late: the Azure SDK takes a second to load, and a local run has no use for it
    from ingestion_kernel.infrastructure.storage.adls_calls import connect

    from csv_ingestion.infrastructure.storage.container_claims import Lease
    from csv_ingestion.infrastructure.storage.container_inbox import ContainerInbox
    from csv_ingestion.infrastructure.storage.container_paths import ContainerPaths

    paths = ContainerPaths(connect(location, settings.adls_account_key), location.prefix)
    return ContainerInbox(paths, settings.readiness, settings.retention, Lease(settings.csv_claim_lease_seconds))


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

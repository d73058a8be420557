"""The composition root of the API ingestion service."""

from __future__ import annotations

from importlib.metadata import version

from customer_contract import load_contract
from ingestion_kernel.infrastructure.telemetry.system_clock import SystemClock
from ingestion_kernel.interfaces.cli import ServiceInfo, service_cli

from api_ingestion.infrastructure.config.mapping_file import field_map
from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.infrastructure.ingestion.api_source import ApiSource


def build_source(settings: ApiSettings) -> ApiSource:
    """The API as the settings describe it.

    Raises:
        ConfigurationInvalid: the mapping cannot be read or names a column that the contract does not have.
    """
    columns = load_contract().column_names
    mapping = field_map(settings.api_field_map, settings.api_mapping_file, columns)
    return ApiSource(settings, columns, mapping, SystemClock())


app = service_cli(
    ServiceInfo(
        name="api-ingestion",
        version=version("api-ingestion"),
        title="API ingestion",
        description="Takes customer records from a partner's HTTP API into the raw lake.",
    ),
    ApiSettings,
    build_source,
)


def main() -> None:
    """The console script `api-ingestion`."""
    app()

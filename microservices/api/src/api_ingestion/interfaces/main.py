"""The composition root of the API ingestion service."""

from __future__ import annotations

from importlib.metadata import version

from customer_contract import load_contract
from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.infrastructure.telemetry.system_clock import SystemClock
from ingestion_kernel.interfaces.cli import ServiceInfo, service_cli

from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.infrastructure.ingestion.api_source import ApiSource


def build_source(settings: ApiSettings) -> ApiSource:
    """The API as the settings describe it.

    Raises:
        ConfigurationInvalid: API_FIELD_MAP names a column that the contract does not have.
    """
    columns = load_contract().column_names
    unknown = sorted(set(settings.api_field_map) - set(columns))
    if unknown:
        raise ConfigurationInvalid(
            f"API_FIELD_MAP names columns that the contract does not have: {', '.join(unknown)}",
            advice=f"The contract's columns are: {', '.join(columns)}.",
        )
    return ApiSource(settings, columns, SystemClock())


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

"""The sources of the soak: those of tests/ingestion, with the services' own bounds, and raw on an ADLS server."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from azure.core.credentials import AzureNamedKeyCredential
from azure.storage.filedatalake import DataLakeServiceClient

from benchmarks.sample_table import running_postgres

_ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(_ROOT / place) for place in ("tests/ingestion", "microservices/api/tests")]

from api_servers import PartnerServer  # noqa: E402
from ingestion_proofs.rows import COLUMNS, Row  # noqa: E402
from ingestion_proofs.worlds import ApiWorld, CsvWorld, DatabaseWorld, World  # noqa: E402

__all__ = ["SOURCES", "World", "settings_of", "world_of"]

SOURCES = ("database", "api", "csv")
_KEY = "c2VjcmV0"
#: Of the proofs, where they make many batches of few rows; the soak takes the services' defaults.
_SMALL = {"PART_MAX_ROWS", "DB_BATCH_MAX_ROWS", "API_PAGE_SIZE", "API_MAX_PAGES_PER_BATCH"}


class ContainerCsvWorld(CsvWorld):
    """A drop folder that is a container, as on AKS.

    Args:
        folder: of the world.
        url: of a container, in the form of RAW_URL.
    """

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        account, _, container = url.rpartition("/")
        credential = AzureNamedKeyCredential(account.rpartition("/")[2], _KEY)
        self._drop = DataLakeServiceClient(account, credential=credential).get_file_system_client(container)
        self._drop.create_directory("drop")
        self._url = f"{url}/drop"

    def settings(self) -> dict[str, str]:
        """With the container in place of the directory."""
        return {**super().settings(), "CSV_INPUT_DIR": self._url}

    def _deliver(self, new: list[Row]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(
            [COLUMNS, *([row[column] for column in COLUMNS] for row in new)]
        )
        name = f"sales-{len(self.added):07d}.csv"
        draft = self._drop.get_file_client(f"drop/{name}.tmp")
        draft.upload_data(text.getvalue().encode(), overwrite=True)
        draft.rename_file(f"{self._drop.file_system_name}/drop/{name}")


@contextmanager
def world_of(source: str, folder: Path, lake: str) -> Iterator[World]:
    """An empty source, whose service writes to the container `lake`."""
    with _source(source, folder, lake) as world:
        world.into(lake, ADLS_ACCOUNT_KEY=_KEY)
        yield world


def settings_of(world: World) -> dict[str, str]:
    """The service's settings over this world."""
    return {name: value for name, value in world.setup().settings.items() if name not in _SMALL}


@contextmanager
def _source(source: str, folder: Path, lake: str) -> Iterator[World]:
    if source == "csv":
        yield ContainerCsvWorld(folder, lake)
    elif source == "api":
        partner = folder / "partner"
        partner.mkdir()
        with PartnerServer(partner) as server:
            yield ApiWorld(folder, server)
    else:
        with running_postgres() as url:
            admin: Any = psycopg2.connect(url)
            admin.autocommit = True
            yield DatabaseWorld(folder, admin, url, "")
            admin.close()

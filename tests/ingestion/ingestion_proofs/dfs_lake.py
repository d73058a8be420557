"""Raw on the test server of ADLS Gen2's calls (microservices/kernel/tests): all that these proofs know of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from azure.core.credentials import AzureNamedKeyCredential
from azure.storage.filedatalake import DataLakeServiceClient
from fake_dfs.entries import Account, HandClock
from fake_dfs.server import FakeDfs, running
from ingestion_proofs.gate import Plan, gate
from lake_helpers import KEY

#: The server's clock, so that whatever is left in staging is old enough to be swept.
_LONG_AGO = 1_700_000_000.0


@dataclass(frozen=True)
class DfsLake:
    """The container `raw` of a server in this process."""

    server: FakeDfs

    @property
    def settings(self) -> dict[str, str]:
        """What a service needs to reach it, beside RAW_URL."""
        return {"ADLS_ACCOUNT_KEY": KEY.get_secret_value()}

    @contextmanager
    def through(self, plan: Plan) -> Iterator[str]:
        """RAW_URL of the container behind a network that follows `plan`."""
        parts = urlsplit(self.server.url)
        assert parts.hostname and parts.port
        with gate((parts.hostname, parts.port), plan) as network:
            yield f"http://127.0.0.1:{network.server_address[1]}{parts.path}"

    def copy(self, folder: Path) -> Path:
        """All that the container holds, below `folder`, read by the true SDK: to be audited like raw on a disk."""
        account, _, container = self.server.url.rpartition("/")
        name = account.rpartition("/")[2]
        service = DataLakeServiceClient(account, credential=AzureNamedKeyCredential(name, KEY.get_secret_value()))
        files = service.get_file_system_client(container)
        for path in files.get_paths(recursive=True):
            target = folder / path.name
            if path.is_directory:
                target.mkdir(parents=True, exist_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(files.get_file_client(path.name).download_file().readall())
        return folder


@contextmanager
def dfs_lake() -> Iterator[DfsLake]:
    """An empty container, on a server of its own."""
    with running(Account(HandClock(_LONG_AGO))) as server:
        yield DfsLake(server)

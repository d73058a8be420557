"""Our ADLS server as the SDK sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.storage.filedatalake import DataLakeFileClient, DataLakeServiceClient, FileSystemClient
from fake_dfs.server import FakeDfs

KEY = "c2VjcmV0"


def container_at(server: FakeDfs) -> FileSystemClient:
    url, _, name = server.url.rpartition("/")
    service = DataLakeServiceClient(url, credential=AzureNamedKeyCredential("devaccount", KEY), retry_total=0)
    return service.get_file_system_client(name)


def refused(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(HttpResponseError) as error:
        call()
    code = error.value.error_code  # type: ignore[attr-defined]
    return int(error.value.status_code or 0), str(getattr(code, "value", code))


def written(raw: FileSystemClient, path: str, data: bytes = b"data") -> DataLakeFileClient:
    file = raw.get_file_client(path)
    file.create_file()
    file.append_data(data, 0, len(data))
    file.flush_data(len(data))
    return file

"""Connecting to ADLS Gen2, and what every call to it needs: errors of ours, and what may be repeated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, ResourceExistsError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential, WorkloadIdentityCredential
from azure.storage.filedatalake import DataLakeServiceClient, FileSystemClient, PathProperties
from pydantic import SecretStr

from ingestion_kernel.domain.exceptions import ConfigurationInvalid, LakeUnavailable
from ingestion_kernel.infrastructure.storage.location import AdlsLocation
from ingestion_kernel.infrastructure.storage.retry import Retry

_CONNECT_SECONDS, _READ_SECONDS = 10, 60

_ACCESS_ADVICE = (
    "Give this identity the role Storage Blob Data Contributor on the raw container, and check that the storage"
    " account's firewall lets this network in."
)
_CONTAINER_ADVICE = "Create the container, or correct RAW_URL."


def connect(location: AdlsLocation, account_key: SecretStr | None) -> FileSystemClient:
    """A client of the container; nothing is sent yet.

    Raises:
        ConfigurationInvalid: the credentials do not fit the place.
    """
    service = DataLakeServiceClient(
        location.account_url,
        credential=_credential(location, account_key),
        retry_total=0,  # ours repeats: see retry.py
        connection_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
    )
    return service.get_file_system_client(location.container)


def _credential(location: AdlsLocation, account_key: SecretStr | None) -> Any:
    if location.is_loopback:
        if account_key is None:
            raise ConfigurationInvalid("an emulator on loopback needs ADLS_ACCOUNT_KEY")
        return AzureNamedKeyCredential(location.account_url.rpartition("/")[2], account_key.get_secret_value())
    if account_key is not None:
        raise ConfigurationInvalid("ADLS_ACCOUNT_KEY is for an emulator only; Azure is reached by identity")
    if os.environ.get("AZURE_FEDERATED_TOKEN_FILE"):
        # named outright: the default chain would try, and wait for, other identities first
        try:
            return WorkloadIdentityCredential()
        except ValueError:
            raise ConfigurationInvalid(
                "workload identity is incomplete", advice="Set AZURE_CLIENT_ID and AZURE_TENANT_ID as the webhook does."
            ) from None
    return DefaultAzureCredential()


@contextmanager
def lake_errors(doing: str) -> Iterator[None]:
    """Turns the SDK's errors into LakeUnavailable, which tells the status and the service's code, never the URL."""
    try:
        yield
    except AzureError as error:
        status = getattr(error, "status_code", None)
        reason = f"HTTP {status} {error_code(error)}".rstrip() if status else type(error).__name__
        raise LakeUnavailable(f"cannot {doing}: {reason}", advice=_advice(error)) from error


def error_code(error: AzureError) -> str:
    """The service's own code ("PathNotFound"), empty if it sent none."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def is_missing_path(error: ResourceNotFoundError) -> bool:
    """True if it is the path that does not exist, and not the whole container."""
    return error_code(error) not in ("FilesystemNotFound", "ContainerNotFound", "FilesystemBeingDeleted")


def _advice(error: AzureError) -> str | None:
    if isinstance(error, ClientAuthenticationError) or getattr(error, "status_code", None) in (401, 403):
        return _ACCESS_ADVICE
    if isinstance(error, ResourceNotFoundError) and not is_missing_path(error):
        return _CONTAINER_ADVICE
    return None


def list_paths(container: FileSystemClient, directory: str, retry: Retry, *, recursive: bool) -> list[PathProperties]:
    """All below `directory`, over all pages; empty if it does not exist."""
    try:
        return retry(lambda: list(container.get_paths(path=directory, recursive=recursive)))
    except ResourceNotFoundError as error:
        if is_missing_path(error):
            return []
        raise


def ensure_directory(container: FileSystemClient, path: str, retry: Retry) -> None:
    """Make a directory and its parents, unless it is there."""
    directory = container.get_directory_client(path)
    try:
        retry(lambda: directory.create_directory(match_condition=MatchConditions.IfMissing))
    except ResourceExistsError:
        pass


def delete_directory(container: FileSystemClient, path: str, retry: Retry) -> None:
    """Delete a directory with all in it, in one step; silent if it is gone, as after a lost reply."""
    directory = container.get_directory_client(path)
    try:
        retry(directory.delete_directory)
    except ResourceNotFoundError:
        pass


def delete_file(container: FileSystemClient, path: str, retry: Retry) -> None:
    """Delete a file; silent if it is gone."""
    file = container.get_file_client(path)
    try:
        retry(file.delete_file)
    except ResourceNotFoundError:
        pass

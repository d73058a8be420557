"""Connecting to ADLS Gen2, and what every call to it needs: retries that obey the service, and errors of ours.

The SDK's own retries are off: they ignore 429 and Retry-After (seen with azure-storage-file-datalake 12.26.1), and
after a lost reply they hide which attempt it was that found the path to exist.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    IncompleteReadError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import DefaultAzureCredential, WorkloadIdentityCredential
from azure.storage.filedatalake import DataLakeServiceClient, FileSystemClient
from pydantic import SecretStr
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from ingestion_kernel.application.helpers.interruption import sleep_before_retry
from ingestion_kernel.domain.exceptions import ConfigurationInvalid, LakeUnavailable
from ingestion_kernel.infrastructure.storage.location import AdlsLocation

T = TypeVar("T")

_TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_CONNECT_SECONDS, _READ_SECONDS = 10, 60
_BACKOFF = wait_random_exponential(multiplier=0.5, max=30)

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
        retry_total=0,
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


class Retry:
    """Repeats calls that may be repeated, after a random pause that grows, and never before Retry-After.

    Args:
        attempts: how often one call is tried.
        seconds: if the next try would come later than this after the first, the last error is raised instead.
        sleep: how to wait; by default each wait counts as a retry of the run.
    """

    def __init__(
        self, attempts: int = 6, seconds: float = 180, sleep: Callable[[float], None] = sleep_before_retry
    ) -> None:
        self._attempts = attempts
        self._seconds = seconds
        self._sleep = sleep

    def __call__(self, call: Callable[[], T]) -> T:
        """The result of `call`; raises its last error."""
        retrying = Retrying(
            retry=retry_if_exception(_is_transient),
            wait=_wait,
            stop=stop_after_attempt(self._attempts) | stop_before_delay(self._seconds),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(call)


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, HttpResponseError):
        return isinstance(error, IncompleteReadError) or error.status_code in _TRANSIENT_STATUS
    return isinstance(error, (ServiceRequestError, ServiceResponseError))


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    headers = getattr(getattr(error, "response", None), "headers", {})
    asked = str(headers.get("Retry-After", ""))
    # Azure Storage sends seconds; an HTTP date (RFC 9110) would need a clock we share, so it counts as none
    return max(_BACKOFF(state), float(asked) if asked.isdigit() else 0.0)


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

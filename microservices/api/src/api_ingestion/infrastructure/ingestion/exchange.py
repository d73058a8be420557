"""One HTTP exchange within limits of time, size and reach."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from ingestion_kernel.domain.exceptions import ConfigurationInvalid

from api_ingestion.infrastructure.config.settings import ApiSettings
from api_ingestion.infrastructure.ingestion.body import read_body
from api_ingestion.infrastructure.ingestion.network import AddressGuard, GuardedNetwork, Resolver
from api_ingestion.infrastructure.ingestion.retries import TransientFault
from api_ingestion.infrastructure.ingestion.transport import GuardedTransport


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is decoded, and empty unless the status is 200; `link` is the target of rel=next."""

    status: int
    headers: httpx.Headers
    body: bytes
    link: str | None

    @property
    def is_redirect(self) -> bool:
        """A status that names another address, and an address."""
        return self.status in (301, 302, 303, 307, 308) and "Location" in self.headers


class Exchanger:
    """Sends requests. One thread at a time uses it; `abort` may be called by any.

    Redirects are not followed and the proxy variables of the environment are not read: either could lead a secret
    to another host.

    Args:
        settings: time-outs and networks.
        resolver: see `AddressGuard`.
    """

    def __init__(self, settings: ApiSettings, resolver: Resolver) -> None:
        self._timeout = settings.api_page_timeout_seconds
        self._network = GuardedNetwork(AddressGuard(settings.allowed_networks(), resolver))
        self._http = httpx.Client(
            transport=GuardedTransport(self._network, settings.api_ca_file),
            headers={"Accept": "application/json", "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(settings.api_read_timeout_seconds, connect=settings.api_connect_timeout_seconds),
            follow_redirects=False,
            trust_env=False,
        )

    def send(
        self, url: httpx.URL, headers: Mapping[str, str], max_bytes: int, form: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to a GET, or to a POST of `form`.

        Raises:
            TransientFault: nothing came, or not in time, or not all of it.
            SourceDataInvalid: larger than `max_bytes` when decoded, or not decodable.
            ConfigurationInvalid: the request cannot be sent, or the host must not be reached.
        """
        deadline = self._network.limit(self._timeout)
        try:
            with self._http.stream(
                "GET" if form is None else "POST", url, headers=dict(headers), data=form and dict(form)
            ) as response:
                return self._taken(response, max_bytes)
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol):
            raise ConfigurationInvalid("the request cannot be sent; check API_URL and the API_* names") from None
        except httpx.TransportError as error:
            late = time.monotonic() >= deadline
            reason = "not complete within API_PAGE_TIMEOUT_SECONDS" if late else type(error).__name__
            raise TransientFault(reason) from None

    def abort(self) -> None:
        """End the exchange that is under way, with a `TransientFault`."""
        self._network.abort()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    @staticmethod
    def _taken(response: httpx.Response, max_bytes: int) -> Answer:
        body = b""
        headers = response.headers
        if response.status_code == httpx.codes.OK:
            coding, length = headers.get("Content-Encoding", ""), headers.get("Content-Length", "")
            body = read_body(response.iter_raw(), coding, length, max_bytes)
        return Answer(response.status_code, headers, body, _next_link(response) if "Link" in headers else None)


def _next_link(response: httpx.Response) -> str | None:
    """The link whose relations, a list compared without case, hold `next` (RFC 8288, 3.3)."""
    for link in response.links.values():
        if "next" in link.get("rel", "").lower().split():
            return link.get("url")
    return None

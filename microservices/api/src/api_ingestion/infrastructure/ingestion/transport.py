"""Joins httpx to connections of our own making, by the public interfaces of httpx and httpcore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpcore
import httpx
from ingestion_kernel.domain.exceptions import ConfigurationInvalid


class GuardedTransport(httpx.BaseTransport):
    """HTTP/1.1 over `network`. Reads neither proxies nor anything else from the environment.

    Args:
        network: makes the connections.
        ca_file: certificates in PEM, trusted beside the public ones.

    Raises:
        ConfigurationInvalid: `ca_file` holds none.
    """

    def __init__(self, network: httpcore.NetworkBackend, ca_file: Path | None) -> None:
        trust = httpx.create_ssl_context(trust_env=False)
        if ca_file is not None:
            try:
                trust.load_verify_locations(ca_file)
            except OSError:  # ssl.SSLError is one
                raise ConfigurationInvalid("API_CA_FILE holds no certificate in PEM that can be read") from None
        self._pool = httpcore.ConnectionPool(ssl_context=trust, network_backend=network, keepalive_expiry=5.0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport`."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        wire = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=request.stream, extensions=request.extensions
        )
        with _faults_of_httpx():
            answer = self._pool.handle_request(wire)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The answer's bytes as they come."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        stream = self._answer.stream
        assert isinstance(stream, Iterable)
        with _faults_of_httpx():
            yield from stream

    def close(self) -> None:
        """Give the connection back."""
        self._answer.close()


@contextmanager
def _faults_of_httpx() -> Iterator[None]:
    """httpcore's faults have the names of httpx's."""
    try:
        yield
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
    ) as e:
        fault: type[Exception] = getattr(httpx, type(e).__name__, httpx.TransportError)
        raise fault(type(e).__name__) from None

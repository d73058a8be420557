"""The connections beneath HTTP: only to addresses that may be reached, never past a deadline, and abortable."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from ssl import SSLContext
from typing import Any

import httpcore
from ingestion_kernel.domain.exceptions import ConfigurationInvalid
from ingestion_kernel.infrastructure.storage.location import is_loopback

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
#: Host and port -> the numeric addresses of the host; raises OSError if it has none.
Resolver = Callable[[str, int], Sequence[str]]

_NAT64 = ip_network("64:ff9b::/96")
# Azure's platform endpoint (docs: "What is IP address 168.63.129.16?"): public by number, but answers inside each VM
_AZURE_PLATFORM = ip_address("168.63.129.16")


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the system's resolver gives. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class AddressGuard:
    """Says which address of a host is connected to; a server-side request forgery ends here.

    The address that was checked is the one connected to, so a name that changes between the two looks gains nothing.

    Args:
        allowed: networks that may be reached although they are not public.
        resolver: asked for a host's addresses.
    """

    def __init__(self, allowed: Iterable[Network], resolver: Resolver = resolve) -> None:
        self._allowed = tuple(allowed)
        self._resolver = resolver

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of `host`, all of which may be reached.

        Raises:
            OSError: it has none.
            ConfigurationInvalid: one of them must not be reached.
        """
        found = [ip_address(text.partition("%")[0]) for text in self._resolver(host, port)]
        if not all(self._may_reach(host, address) for address in found):
            raise ConfigurationInvalid(
                "the API's or token endpoint's host resolves to a private, loopback, link-local or reserved address;"
                " no connection was made",
                advice="Correct the address, or put the network (CIDR) into API_ALLOWED_NETWORKS if it is meant.",
            )
        return [str(address) for address in found]

    def _may_reach(self, host: str, address: Address) -> bool:
        if any(address in network for network in self._allowed):
            return True
        if is_loopback(host):  # the setting itself says that it means this machine
            return address.is_loopback
        inner = _embedded(address)
        if inner is not None:
            return self._may_reach(host, inner)
        return address.is_global and not address.is_multicast and address != _AZURE_PLATFORM


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that a transition address (RFC 4291 2.5.5.2, RFC 6052, RFC 3056) leads to."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


class GuardedNetwork(httpcore.NetworkBackend):
    """A network backend of httpcore. One thread uses it; `abort` may be called by any other."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._plain = httpcore.SyncBackend()
        self._sockets: list[socket.socket] = []
        self._aborted = False
        self.deadline = float("inf")

    def limit(self, seconds: float) -> float:
        """From now on, connecting, writing and reading together may take `seconds`; returns the monotonic end."""
        self.deadline = time.monotonic() + seconds
        return self.deadline

    def clip(self, timeout: float | None, fault: type[Exception]) -> float:
        """`timeout`, but not past the deadline. Raises `fault` at the deadline."""
        left = self.deadline - time.monotonic()
        if left <= 0 or self._aborted:
            raise fault
        return left if timeout is None else min(timeout, left)

    def abort(self) -> None:
        """Wake whoever waits on a connection; each further use of one fails."""
        self._aborted = True
        for handle in tuple(self._sockets):
            try:
                handle.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is closed already
                pass

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """See `httpcore.NetworkBackend`. The name stays what TLS verifies; only the connection goes to the address."""
        try:
            addresses = self._guard.addresses(host, port)
        except OSError:
            raise httpcore.ConnectError("the host has no address") from None
        fault: Exception = httpcore.ConnectError("the host has no address")
        for address in addresses:
            try:
                stream = self._plain.connect_tcp(
                    address, port, self.clip(timeout, httpcore.ConnectTimeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
                continue
            return _Stream(stream, self, self._handle(stream))
        raise fault

    def forget(self, handle: socket.socket) -> None:
        """The connection of `handle` is closed."""
        if handle in self._sockets:
            self._sockets.remove(handle)
        handle.close()

    def _handle(self, stream: httpcore.NetworkStream) -> socket.socket:
        handle: socket.socket = stream.get_extra_info("socket").dup()
        self._sockets.append(handle)
        if self._aborted:
            handle.shutdown(socket.SHUT_RDWR)
        return handle


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends at the network's deadline. `handle` is a second name of its socket."""

    def __init__(self, stream: httpcore.NetworkStream, network: GuardedNetwork, handle: socket.socket) -> None:
        self._stream = stream
        self._network = network
        self._handle = handle

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.clip(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.clip(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()
        self._network.forget(self._handle)

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        timeout = self._network.clip(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._network, self._handle)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

"""A network that fails on demand, between a service process and an HTTP server: it loses replies, or goes away."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Of one connection only, so not to be passed on (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "keep-alive"})


@dataclass
class Plan:
    """What befalls the calls that publish: those with the header `x-ms-rename-source`.

    Attributes:
        lose_replies: each rename is carried out, but the reply of its first try never arrives.
        cut_after: after so many renames nobody is reachable any more, until `cut` is set to False.
    """

    lose_replies: bool = False
    cut_after: int | None = None
    cut: bool = False
    renames: list[str] = field(default_factory=list)
    lost: int = 0


class Gate(ThreadingHTTPServer):
    """Passes calls on to `upstream` (host, port), as far as the plan lets it."""

    daemon_threads = True

    def __init__(self, upstream: tuple[str, int], plan: Plan) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.plan = plan
        self.lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed leaves a broken connection: that is what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gate

    def log_message(self, format: str, *args: object) -> None: ...

    def pass_on(self) -> None:
        plan = self.server.plan
        if plan.cut:
            self._hang_up()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, data = self._ask(body)
        if self.headers.get("x-ms-rename-source") and self._befalls(plan):
            self._hang_up()
            return
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_HEAD = do_PUT = do_PATCH = do_POST = do_DELETE = pass_on

    def _ask(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        upstream = http.client.HTTPConnection(*self.server.upstream, timeout=60)
        try:
            kept = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            upstream.request(self.command, self.path, body, kept)
            response = upstream.getresponse()
            data = response.read()
            headers = {name: value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP}
            return response.status, headers, data
        finally:
            upstream.close()

    def _befalls(self, plan: Plan) -> bool:
        """Note a rename that was carried out; True if its reply is to be lost."""
        with self.server.lock:
            first = self.path not in plan.renames
            plan.renames.append(self.path)
            plan.cut = plan.cut_after is not None and len(plan.renames) >= plan.cut_after
            if plan.lose_replies and first:
                plan.lost += 1
                return True
            return False

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def gate(upstream: tuple[str, int], plan: Plan) -> Iterator[Gate]:
    """A gate in a thread of its own."""
    server = Gate(upstream, plan)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""The HTTP server around an account."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from fake_dfs import blob_calls, dfs_calls
from fake_dfs.entries import Account
from fake_dfs.faults import Fault, Faults
from fake_dfs.messages import Call, Refused, Reply

_VERSION = "2026-10-06"


class FakeDfs(ThreadingHTTPServer):
    """Serves an account on loopback, a thread for each connection; port 0 takes a free one.

    Attributes:
        faults: what shall befall the next calls.
        calls: those served so far, without their bodies.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, account: Account, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.account = account
        self.faults = Faults()
        self.calls: list[Call] = []
        self._connections: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """What RAW_URL says for the container `raw`."""
        return f"http://127.0.0.1:{self.server_address[1]}/devaccount/raw"

    @contextmanager
    def connected(self, connection: socket.socket) -> Iterator[None]:
        """Knows a connection while it lasts."""
        self._connections.add(connection)
        try:
            yield
        finally:
            self._connections.discard(connection)

    def cut_connections(self) -> None:
        """Close what keeps connections alive: a server that is gone has none."""
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # gone by itself


@contextmanager
def running(account: Account, port: int = 0) -> Iterator[FakeDfs]:
    """The server, in a thread."""
    server = FakeDfs(account, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        server.cut_connections()
        thread.join()


class _CutOff(Exception):
    """The connection is closed without (the whole) answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FakeDfs

    def log_message(self, format: str, *args: object) -> None:
        pass

    def handle(self) -> None:
        with self.server.connected(self.connection):
            super().handle()

    def handle_call(self) -> None:
        """Read, befall, serve, answer."""
        call = self._call()
        fault = self.server.faults.take(call)
        try:
            self._send(self._serve(call, fault or Fault(lambda method, query: False)), fault)
        except (_CutOff, ConnectionError):
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_POST = handle_call

    def _call(self, body: bytes = b"") -> Call:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        _, _account, container, *rest = [*url.path.split("/", 3), "", ""][:4]
        return Call(self.command, url.path, container, unquote(rest[0]), query, self.headers, body)

    def _serve(self, call: Call, fault: Fault) -> Reply:
        length = int(self.headers.get("Content-Length") or 0)
        if fault.take_only is not None:
            self.rfile.read(min(fault.take_only, length))
            raise _CutOff
        body = self.rfile.read(length)
        self.server.calls.append(call)
        if fault.drop_request:
            raise _CutOff
        time.sleep(fault.delay)
        try:
            if not self.headers.get("Authorization"):
                raise Refused(401, "NoAuthenticationInformation")
            if fault.status:
                raise Refused(fault.status, "AuthorizationFailure" if fault.status == 403 else "ServerBusy")
            return _answer(self.server.account, self._call(body))
        except Refused as refused:
            return refused.reply(call.is_dfs)

    def _send(self, reply: Reply, fault: Fault | None) -> None:
        if fault and fault.drop_reply:
            raise _CutOff
        self.send_response_only(reply.status)
        headers = {"Date": self.date_time_string(), "x-ms-version": _VERSION, "Content-Length": str(len(reply.body))}
        if fault and fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        if fault and fault.sent_at:
            headers["Date"] = fault.sent_at
        for name, value in (headers | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        body = b"" if self.command == "HEAD" else reply.body
        if fault and fault.cut_reply_at is not None:
            self.wfile.write(body[: fault.cut_reply_at])
            raise _CutOff
        self.wfile.write(body)


def _answer(account: Account, call: Call) -> Reply:
    dfs_calls.check_body(call)  # outside the lock: hashing takes most of the time
    with account.lock:
        return (dfs_calls if call.is_dfs else blob_calls).answer(account, call)

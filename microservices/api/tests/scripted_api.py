"""An HTTP server that answers request after request as its script says, and notes what it was asked.

Usage: scripted_api.py FOLDER [PEM]. It reads FOLDER/script.json at each request, a list of answers with any of
{"status", "headers", "body", "encoding", "repeat", "cut", "drip", "slow_head"}; prints its port; and appends each
request to FOLDER/requests.jsonl. The last answer is given again and again.
"""

import gzip
import json
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1])


class Handler(BaseHTTPRequestHandler):
    """Answers GET and POST."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802  (the name http.server calls)
        """Note the request, then play the next answer."""
        log = FOLDER / "requests.jsonl"
        number = len(log.read_text().splitlines()) if log.exists() else 0
        with log.open("a") as lines:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            seen = {"at": time.monotonic(), "path": self.path, "headers": dict(self.headers), "body": sent}
            lines.write(json.dumps(seen) + "\n")
        script = json.loads((FOLDER / "script.json").read_text())
        answer = script[min(number, len(script) - 1)]
        body = answer.get("body", "")
        data = (body if isinstance(body, str) else json.dumps(body)).encode(answer.get("encoding", "utf-8"))
        data *= answer.get("repeat", 1)
        if answer.get("headers", {}).get("Content-Encoding") == "gzip":
            data = gzip.compress(data)
        if answer.get("slow_head"):
            self._drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000)
            return
        self.send_response_only(answer.get("status", 200))  # adds no Date, so that the script may
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        if answer.get("status") != 304:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if answer.get("cut"):
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
        elif answer.get("drip"):
            self._drip(data)
        else:
            self.wfile.write(data)

    do_POST = do_GET  # noqa: N815  (the name http.server calls)

    def _drip(self, data: bytes) -> None:
        self.close_connection = True
        try:
            for byte in data:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
        except OSError:  # the client has had enough
            pass

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if len(sys.argv) > 2:  # a certificate and its key in one PEM file
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()

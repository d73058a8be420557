"""GitHub's API, and the address that tells the runner's own, on this machine: a real HTTP server with set replies."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Server:
    """`replies`: "METHOD /path" -> (status, headers, body); a path without its query. `asked`: what was called."""

    url: str = ""
    replies: dict[str, tuple[int, dict[str, str], Any]] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)


ADDRESS = "203.0.113.9"
REPLIES: dict[str, tuple[int, dict[str, str], Any]] = {
    "GET /ip": (200, {}, ADDRESS),
    "GET /user": (200, {"X-OAuth-Scopes": "repo, workflow"}, {"login": "octocat"}),
    "GET /repos/retailer/platform": (200, {}, {"permissions": {"push": True}}),
    "GET /repos/retailer/platform/actions/workflows/deploy.yml/runs": (200, {}, {"workflow_runs": []}),
    **{
        f"GET /repos/retailer/platform/environments/{name}": (
            200,
            {},
            {"protection_rules": [{"type": "required_reviewers"}]},
        )
        for name in ("dev", "pre", "prod")
    },
    "GET /repos/retailer/platform/issues": (200, {}, []),
    "POST /repos/retailer/platform/issues": (201, {}, {"number": 9}),
    "GET /repos/retailer/platform/issues/12/comments": (200, {}, []),
    "POST /repos/retailer/platform/issues/12/comments": (201, {}, {"id": 1}),
    "POST /repos/retailer/platform/releases": (
        201,
        {},
        {"html_url": "https://github.com/retailer/platform/releases/1"},
    ),
}


@contextmanager
def serving(**more: tuple[int, dict[str, str], Any]) -> Iterator[Server]:
    """The server, for as long as the block lasts."""
    known = Server(replies=REPLIES | more)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            name = f"{self.command} {self.path.partition('?')[0]}"
            known.asked.append((f"{self.command} {self.path}", json.loads(self.rfile.read(size) or b"null")))
            known.tokens.append(self.headers.get("Authorization", ""))
            status, headers, body = known.replies.get(name, (404, {}, {"message": "Not Found"}))
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing to the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()

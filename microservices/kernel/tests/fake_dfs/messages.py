"""A call, its reply, and the service's errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `headers` is looked up without regard to case; `path` is decoded and has no container in it."""

    method: str
    url_path: str
    container: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def is_dfs(self) -> bool:
        """True if the DFS endpoint would serve it; with a custom host both halves share one address."""
        return self.method in ("PATCH", "DELETE") or "resource" in self.query or "mode" in self.query


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Refused(Exception):
    """An error answer of the service: HTTP status and the service's code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code

    def reply(self, dfs: bool) -> Reply:
        """JSON from the DFS endpoint, XML from the Blob endpoint."""
        headers = {"x-ms-error-code": self.code, "Content-Type": "application/json" if dfs else "application/xml"}
        if dfs:
            body = json.dumps({"error": {"code": self.code, "message": "refused"}})
        else:
            # the SDK breaks with a TypeError on an error without a message
            inside = f"<Code>{escape(self.code)}</Code><Message>refused</Message>"
            body = f'<?xml version="1.0" encoding="utf-8"?><Error>{inside}</Error>'
        return Reply(self.status, headers, body.encode())

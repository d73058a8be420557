"""A server of ADLS Gen2's DFS and Blob calls, in memory, over real HTTP: the true SDK runs against it.

Ours, modelled on the REST specification (2026-06-06) and on recorded SDK traffic; it checks what the service checks,
as far as our adapter can go wrong. It does not check signatures.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

#: Status, headers, body.
Answer = tuple[int, dict[str, str], bytes]


class Refused(Exception):
    """An error answer of the service."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass
class Entry:
    """A file or a directory."""

    directory: bool
    etag: str
    modified: float
    data: bytes = b""
    pending: dict[int, bytes] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"ETag": self.etag, "Last-Modified": formatdate(self.modified, usegmt=True)}


@dataclass
class Fault:
    """What befalls the next call that `when` (method, query) chooses: no reply at all, or `status` without effect."""

    when: Callable[[str, dict[str, str]], bool]
    drop_reply: bool = False
    status: int = 0
    retry_after: int | None = None


class FakeDfs(ThreadingHTTPServer):
    """One account, any container that was made."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.containers: dict[str, dict[str, Entry]] = {"raw": {}}
        self.faults: deque[Fault] = deque()
        self.calls: list[tuple[str, str, dict[str, str], dict[str, str]]] = []
        self.page_size = 2
        self.rename_looks_at_source_first = False
        self.clock = 1_700_000_000.0
        self._versions = 0

    @property
    def url(self) -> str:
        """What RAW_URL says for the container `raw`."""
        return f"http://127.0.0.1:{self.server_address[1]}/devaccount/raw"

    def entry(self, directory: bool, data: bytes = b"") -> Entry:
        """A new entry with a new ETag."""
        self._versions += 1
        return Entry(directory, f'"0x{self._versions:X}"', self.clock, data)

    def take_fault(self, method: str, query: dict[str, str]) -> Fault | None:
        """The fault for this call, if one waits."""
        fault = next((fault for fault in self.faults if fault.when(method, query)), None)
        if fault:
            self.faults.remove(fault)
        return fault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeDfs

    def log_message(self, format: str, *args: object) -> None:
        pass

    def handle_call(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.take_fault(self.command, query)
        with self.server.lock:
            self.server.calls.append((self.command, url.path, query, dict(self.headers)))
            try:
                if not self.headers.get("Authorization"):
                    raise Refused(401, "NoAuthenticationInformation")
                if fault and fault.status:
                    raise Refused(fault.status, "ServerBusy")
                _, account, container, *rest = url.path.split("/", 3)
                status, headers, data = self._route(container, unquote(rest[0]) if rest else "", query, body)
            except Refused as refused:
                status, headers = refused.status, {"x-ms-error-code": refused.code}
                data = json.dumps({"error": {"code": refused.code, "message": "refused"}}).encode()
                if fault and fault.retry_after is not None:
                    headers["Retry-After"] = str(fault.retry_after)
        if fault and fault.drop_reply:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(status)
        for name, value in {"x-ms-version": "2026-10-06", **headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = handle_call

    def _route(self, container: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        if container not in self.server.containers:
            raise Refused(404, "FilesystemNotFound" if "resource" in query else "ContainerNotFound")
        paths = self.server.containers[container]
        match self.command:
            case "PUT" if "x-ms-rename-source" in self.headers:
                return self._rename(container, paths, path)
            case "PUT":
                return self._create(paths, path, query["resource"] == "directory")
            case "PATCH" if query["action"] == "append":
                return self._append(paths, path, int(query["position"]), body)
            case "PATCH":
                return self._flush(paths, path, query)
            case "GET" if query.get("resource") == "filesystem":
                return self._list(paths, query)
            case "DELETE":
                return self._delete(paths, path, query)
        return self._read(paths, path)

    def _create(self, paths: dict[str, Entry], path: str, directory: bool) -> Answer:
        found = paths.get(path)
        if found and (self.headers.get("If-None-Match") == "*" or found.directory != directory):
            raise Refused(409, "PathAlreadyExists")
        steps = path.split("/")
        for parent in ("/".join(steps[:depth]) for depth in range(1, len(steps))):
            if parent in paths and not paths[parent].directory:
                raise Refused(409, "PathConflict")
            paths.setdefault(parent, self.server.entry(directory=True))
        if not (found and directory):
            paths[path] = self.server.entry(directory)  # an existing file is truncated
        return 201, paths[path].headers, b""

    def _append(self, paths: dict[str, Entry], path: str, position: int, body: bytes) -> Answer:
        if not body:
            raise Refused(400, "InvalidInput")
        sent = self.headers.get("Content-MD5")
        if sent and sent != base64.b64encode(hashlib.md5(body).digest()).decode():
            raise Refused(400, "Md5Mismatch")
        self._file(paths, path).pending[position] = body
        return 202, {}, b""

    def _flush(self, paths: dict[str, Entry], path: str, query: dict[str, str]) -> Answer:
        file = self._file(paths, path)
        if "position" not in query:
            raise Refused(400, "MissingRequiredQueryParameter")
        data = file.data
        for position in sorted(file.pending):
            if position < len(file.data):
                continue  # a repeated append of what is flushed already
            if position != len(data):
                raise Refused(400, "InvalidFlushPosition")
            data += file.pending[position]
        if len(data) != int(query["position"]):
            raise Refused(400, "InvalidFlushPosition")
        paths[path] = self.server.entry(False, data)
        return 200, paths[path].headers, b""

    def _rename(self, container: str, paths: dict[str, Entry], target: str) -> Answer:
        source = unquote(self.headers["x-ms-rename-source"].partition("?")[0])
        if not source.startswith(f"/{container}/"):
            raise Refused(400, "InvalidRenameSourcePath")
        source = source.removeprefix(f"/{container}/")
        gone = [Refused(404, "SourcePathNotFound")] if source not in paths else []
        taken = target in paths and self.headers.get("If-None-Match") == "*"
        there = [Refused(409, "PathAlreadyExists")] if taken else []
        for refused in gone + there if self.server.rename_looks_at_source_first else there + gone:
            raise refused
        if "/" in target and target.rpartition("/")[0] not in paths:
            raise Refused(404, "RenameDestinationParentPathNotFound")
        wanted = self.headers.get("x-ms-source-if-match")
        if wanted and wanted != paths[source].etag:
            raise Refused(412, "SourceConditionNotMet")
        for path in [path for path in paths if path == source or path.startswith(f"{source}/")]:
            paths[target + path[len(source) :]] = paths.pop(path)
        return 201, {}, b""

    def _list(self, paths: dict[str, Entry], query: dict[str, str]) -> Answer:
        folder = query.get("directory", "")
        if folder and folder not in paths:
            raise Refused(404, "PathNotFound")
        below = sorted(path for path in paths if path.startswith(f"{folder}/" if folder else ""))
        if query["recursive"] != "true":
            below = [path for path in below if "/" not in path[len(folder) + 1 :]]
        start = int(query.get("continuation", 0))
        page = below[start : start + self.server.page_size]
        headers = {"Content-Type": "application/json"}
        if start + len(page) < len(below):
            headers["x-ms-continuation"] = str(start + len(page))
        listed = [
            {"name": path, "lastModified": formatdate(paths[path].modified, usegmt=True), "etag": paths[path].etag}
            | ({"isDirectory": "true"} if paths[path].directory else {"contentLength": str(len(paths[path].data))})
            for path in page
        ]
        return 200, headers, json.dumps({"paths": listed}).encode()

    def _delete(self, paths: dict[str, Entry], path: str, query: dict[str, str]) -> Answer:
        if path not in paths:
            raise Refused(404, "PathNotFound")
        below = [other for other in paths if other.startswith(f"{path}/")]
        if below and query.get("recursive") != "true":
            raise Refused(409, "DirectoryNotEmpty")
        for gone in (path, *below):
            del paths[gone]
        return 200, {}, b""

    def _read(self, paths: dict[str, Entry], path: str) -> Answer:
        if path not in paths:
            raise Refused(404, "BlobNotFound")
        file = paths[path]
        headers = file.headers | {"x-ms-blob-type": "BlockBlob"}
        if self.headers.get("If-Match") not in (None, file.etag):
            raise Refused(412, "ConditionNotMet")
        if self.command == "HEAD":
            return 200, headers, file.data
        if not file.data and "x-ms-range" in self.headers:
            raise Refused(416, "InvalidRange")
        first, _, last = self.headers.get("x-ms-range", f"bytes=0-{len(file.data)}")[6:].partition("-")
        data = file.data[int(first) : int(last) + 1]
        headers["Content-Range"] = f"bytes {first}-{int(first) + len(data) - 1}/{len(file.data)}"
        return 206, headers, data

    def _file(self, paths: dict[str, Entry], path: str) -> Entry:
        if path not in paths or paths[path].directory:
            raise Refused(404, "PathNotFound")
        return paths[path]

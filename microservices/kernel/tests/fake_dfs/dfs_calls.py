"""The DFS half: create, append, flush, rename, list, delete."""

from __future__ import annotations

import base64
import hashlib
import json
from email.utils import formatdate
from urllib.parse import unquote

from fake_dfs.entries import Account, Entry, Paths, below, check_conditions
from fake_dfs.messages import Call, Refused, Reply

#: Bytes of one append that the service takes.
MAX_APPEND = 100 * 1024 * 1024


def answer(account: Account, call: Call) -> Reply:
    """Serve one call; raises Refused. The account's lock is held."""
    paths = account.paths(call)
    match call.method:
        case "PUT" if "x-ms-rename-source" in call.headers:
            return _rename(account, paths, call)
        case "PUT" if call.query.get("resource") in ("file", "directory"):
            return _create(account, paths, call)
        case "PATCH" if call.query.get("action") == "append":
            return _append(account, paths, call)
        case "PATCH" if call.query.get("action") == "flush":
            return _flush(account, paths, call)
        case "GET" if call.query.get("resource") == "filesystem":
            return _list(account, paths, call)
        case "DELETE":
            return _delete(account, paths, call)
    raise Refused(400, "InvalidQueryParameterValue")


def check_body(call: Call) -> None:
    """What can be told of an append without the account, so that a big body is hashed outside its lock."""
    if call.query.get("action") != "append":
        return
    if not call.body:
        raise Refused(400, "InvalidInput")
    if len(call.body) > MAX_APPEND:
        raise Refused(413, "RequestBodyTooLarge")
    sent = call.headers.get("Content-MD5")
    if sent and sent != base64.b64encode(hashlib.md5(call.body).digest()).decode():
        raise Refused(400, "Md5Mismatch")


def _create(account: Account, paths: Paths, call: Call) -> Reply:
    directory = call.query["resource"] == "directory"
    found = paths.get(call.path)
    check_conditions(found, call, "PathAlreadyExists")
    if found and found.directory != directory:
        raise Refused(409, "PathAlreadyExists")
    _check_lease(account, found, call)
    _make_parents(account, paths, call.path)
    if found is None:
        paths[call.path] = account.new_entry(directory)
    elif not directory:  # with no condition a file is truncated, and what was appended to it is gone
        found.blocks, found.pending = [], {}
        account.touch(found)
    return Reply(201, paths[call.path].headers)


def _make_parents(account: Account, paths: Paths, path: str) -> None:
    steps = path.split("/")
    for parent in ("/".join(steps[:depth]) for depth in range(1, len(steps))):
        if parent in paths and not paths[parent].directory:
            raise Refused(409, "PathConflict")
        if parent not in paths:
            paths[parent] = account.new_entry(directory=True)


def _append(account: Account, paths: Paths, call: Call) -> Reply:
    file = _file(paths, call)
    if "position" not in call.query:
        raise Refused(400, "MissingRequiredQueryParameter")
    _check_lease(account, file, call)
    file.pending[int(call.query["position"])] = call.body
    if call.query.get("flush") == "true":
        return Reply(202, _commit(account, file, int(call.query["position"]) + len(call.body)))
    return Reply(202)  # the ETag stays until the flush


def _flush(account: Account, paths: Paths, call: Call) -> Reply:
    file = _file(paths, call)
    if "position" not in call.query:
        raise Refused(400, "MissingRequiredQueryParameter")
    check_conditions(file, call, "PathAlreadyExists")
    _check_lease(account, file, call)
    if file.made_by_blob_api:
        raise Refused(409, "InvalidFlushOperation")
    return Reply(200, _commit(account, file, int(call.query["position"])))


def _commit(account: Account, file: Entry, length: int) -> dict[str, str]:
    reached, blocks = file.size, []
    for position in sorted(file.pending):
        if position < file.size:
            continue  # a repeated append of what is flushed already
        if position != reached:
            raise Refused(400, "InvalidFlushPosition")
        blocks.append(file.pending[position])
        reached += len(blocks[-1])
    if reached != length:
        raise Refused(400, "InvalidFlushPosition")
    file.blocks += blocks
    file.pending = {}
    account.touch(file)
    return file.headers


def _rename(account: Account, paths: Paths, call: Call) -> Reply:
    named, _, query = call.headers["x-ms-rename-source"].partition("?")
    source, prefix = unquote(named), f"/{call.container}/"
    if not source.startswith(prefix):  # with the account in front, as path-style URLs tempt one to send it
        raise Refused(400, "InvalidRenameSourcePath")
    if call.headers.get("x-ms-properties"):
        raise Refused(400, "UnsupportedHeader")
    source, target = source.removeprefix(prefix), call.path
    _check_rename(account, paths, call, source)
    if paths[source].directory and below(paths, target) and target in paths:
        raise Refused(409, "PathAlreadyExists")
    for path in [source, *below(paths, source)]:
        paths[target + path[len(source) :]] = paths.pop(path)
    return Reply(201, paths[target].headers)


def _check_rename(account: Account, paths: Paths, call: Call, source: str) -> None:
    target = call.path

    def source_is_there() -> None:
        if source not in paths:
            raise Refused(404, "SourcePathNotFound")
        paths[source].lease.check_write(call.headers.get("x-ms-source-lease-id") or "", account.clock())
        if call.headers.get("x-ms-source-if-match") not in (None, "*", paths[source].etag):
            raise Refused(412, "SourceConditionNotMet")

    def target_is_free() -> None:
        check_conditions(paths.get(target), call, "PathAlreadyExists")
        if target in paths:
            _check_lease(account, paths[target], call)

    checks = [source_is_there, target_is_free]
    for check in checks if account.rename_looks_at_source_first else reversed(checks):
        check()
    if "/" in target and target.rpartition("/")[0] not in paths:
        raise Refused(404, "RenameDestinationParentPathNotFound")


def _list(account: Account, paths: Paths, call: Call) -> Reply:
    folder = call.query.get("directory", "")
    if folder and folder not in paths:
        raise Refused(404, "PathNotFound")
    found = below(paths, folder)
    if call.query["recursive"] != "true":
        found = [path for path in found if "/" not in path[len(folder) + 1 if folder else 0 :]]
    last = bytes.fromhex(call.query.get("continuation", "")).decode()
    rest = [path for path in found if path > last]
    size = min(account.page_size, int(call.query.get("maxResults", 5000)))
    headers = {"Content-Type": "application/json"}
    if len(rest) > size:
        headers["x-ms-continuation"] = rest[size - 1].encode().hex()
    return Reply(200, headers, json.dumps({"paths": [_listed(path, paths[path]) for path in rest[:size]]}).encode())


def _listed(path: str, entry: Entry) -> dict[str, str]:
    kind = {"isDirectory": "true"} if entry.directory else {"contentLength": str(entry.size)}
    return {"name": path, "etag": entry.etag, "lastModified": formatdate(entry.modified, usegmt=True)} | kind


def _delete(account: Account, paths: Paths, call: Call) -> Reply:
    if call.path not in paths:
        raise Refused(404, "PathNotFound")
    inside = below(paths, call.path)
    if inside and call.query.get("recursive") != "true":
        raise Refused(409, "DirectoryNotEmpty")
    _check_lease(account, paths[call.path], call)
    for path in (call.path, *inside):
        del paths[path]
    return Reply(200)


def _file(paths: Paths, call: Call) -> Entry:
    if call.path not in paths or paths[call.path].directory:
        raise Refused(404, "PathNotFound")
    return paths[call.path]


def _check_lease(account: Account, entry: Entry | None, call: Call) -> None:
    if entry:
        entry.lease.check_write(call.headers.get("x-ms-lease-id") or "", account.clock())

"""The Blob half: containers, properties, downloads, metadata, leases, and whole blobs by Put Blob."""

from __future__ import annotations

import base64
import hashlib
import re

from fake_dfs.entries import Account, Entry, Paths, check_conditions
from fake_dfs.messages import Call, Refused, Reply


def answer(account: Account, call: Call) -> Reply:
    """Serve one call; raises Refused. The account's lock is held."""
    if call.query.get("restype") == "container" and not call.path:
        return _container(account, call)
    paths = account.paths(call)
    match call.method, call.query.get("comp"):
        case "PUT", "lease":
            return _lease(account, _blob(paths, call), call)
        case "PUT", "metadata":
            return _set_metadata(account, _blob(paths, call), call)
        case "PUT", None:
            return _put_blob(account, paths, call)
        case ("HEAD" | "GET"), None:
            return _read(account, _blob(paths, call), call)
    raise Refused(400, "InvalidQueryParameterValue")


def _container(account: Account, call: Call) -> Reply:
    if call.method == "PUT":
        if call.container in account.containers:
            raise Refused(409, "ContainerAlreadyExists")
        account.containers[call.container] = {}
        return Reply(201)
    account.paths(call)
    return Reply(200, {"x-ms-lease-state": "available", "x-ms-lease-status": "unlocked"})


def _blob(paths: Paths, call: Call) -> Entry:
    if call.path not in paths:
        raise Refused(404, "BlobNotFound")
    return paths[call.path]


def _put_blob(account: Account, paths: Paths, call: Call) -> Reply:
    found = paths.get(call.path)
    check_conditions(found, call, "BlobAlreadyExists")
    given = call.headers.get("x-ms-lease-id") or ""
    blob = account.new_entry(directory=False)
    if found:
        found.lease.check_write(given, account.clock())
        blob.lease = found.lease
    elif given:
        raise Refused(412, "LeaseNotPresentWithBlobOperation")
    blob.blocks, blob.made_by_blob_api, blob.metadata = [call.body], True, _metadata(call)
    blob.content_type = call.headers.get("x-ms-blob-content-type") or blob.content_type
    blob.content_md5 = base64.b64encode(hashlib.md5(call.body).digest()).decode()
    paths[call.path] = blob
    return Reply(201, blob.headers)


def _metadata(call: Call) -> dict[str, str]:
    return {name.lower(): value for name, value in call.headers.items() if name.lower().startswith("x-ms-meta-")}


def _set_metadata(account: Account, blob: Entry, call: Call) -> Reply:
    check_conditions(blob, call, "BlobAlreadyExists")
    blob.lease.check_write(call.headers.get("x-ms-lease-id") or "", account.clock())
    blob.metadata = _metadata(call)
    account.touch(blob)
    return Reply(200, blob.headers)


def _read(account: Account, blob: Entry, call: Call) -> Reply:
    check_conditions(blob, call, "BlobAlreadyExists")
    state = blob.lease.state(account.clock())
    headers = blob.headers | blob.metadata
    headers |= {"x-ms-blob-type": "BlockBlob", "Content-Type": blob.content_type, "Accept-Ranges": "bytes"}
    headers |= {"x-ms-lease-state": state}
    headers |= {"x-ms-lease-status": "locked" if state in ("leased", "breaking") else "unlocked"}
    if blob.directory:
        headers |= {"x-ms-resource-type": "directory", "x-ms-meta-hdi_isfolder": "true"}
    asked = call.headers.get("x-ms-range") or call.headers.get("Range")
    if call.method == "HEAD" or not asked:
        md5 = {"Content-MD5": blob.content_md5} if blob.content_md5 else {}
        return Reply(200, headers | md5, blob.data)
    return _read_range(blob, asked, headers)


def _read_range(blob: Entry, asked: str, headers: dict[str, str]) -> Reply:
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked)
    if not match:
        raise Refused(400, "InvalidHeaderValue")
    first, last = int(match[1]), int(match[2] or blob.size)
    if first >= blob.size:
        raise Refused(416, "InvalidRange")
    data = blob.data[first : last + 1]
    whole = {"x-ms-blob-content-md5": blob.content_md5} if blob.content_md5 else {}
    where = {"Content-Range": f"bytes {first}-{first + len(data) - 1}/{blob.size}"}
    return Reply(206, headers | whole | where, data)


def _lease(account: Account, blob: Entry, call: Call) -> Reply:
    lease, now = blob.lease, account.clock()
    given = call.headers.get("x-ms-lease-id") or ""
    proposed = call.headers.get("x-ms-proposed-lease-id") or ""
    match call.headers.get("x-ms-lease-action"):
        case "acquire":
            held = lease.acquire(proposed, int(call.headers.get("x-ms-lease-duration") or -1), now)
            return Reply(201, blob.headers | {"x-ms-lease-id": held})
        case "renew":
            return Reply(200, blob.headers | {"x-ms-lease-id": lease.renew(given, now)})
        case "change":
            return Reply(200, blob.headers | {"x-ms-lease-id": lease.change(given, proposed, now)})
        case "release":
            lease.release(given)
            return Reply(200, blob.headers)
        case "break":
            period = call.headers.get("x-ms-lease-break-period")
            left = lease.break_(int(period) if period else None, now)
            return Reply(202, blob.headers | {"x-ms-lease-time": str(left)})
    raise Refused(400, "InvalidHeaderValue")

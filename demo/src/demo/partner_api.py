"""A sample partner: an HTTP API over a file of nested records, paged in every usual way.

Run it with `python -m demo.partner_api --port 9000 --data records.jsonl --api-key-file key`. The file is read anew
whenever it changes. Records are sent as the very text of their lines, so amounts keep their digits.
"""

from __future__ import annotations

import argparse
import bisect
import hmac
import json
import socket
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import uvicorn
from fastapi import FastAPI, HTTPException, Query, Request, Response, Security
from fastapi.security import APIKeyHeader

#: API_FIELD_MAP for this partner: contract column -> where its records hold it.
FIELD_MAP = {
    "customer_id": "id",
    "cpf": "customer.document",
    "first_name": "customer.name.first",
    "last_name": "customer.name.last",
    "email": "customer.email",
    "credit_card_number": "payment.card",
    "purchase_id": "purchase.id",
    "purchase_date": "purchase.date",
    "total_amount": "purchase.amount",
    "product": "purchase.product",
    "store_location": "store",
    "updated_at": "updated_at",
}

#: Settings of the API service for this partner, beside its key and API_URL=http://.../v1/customers?paging=cursor
#: (no API_UNTIL_PARAM: synthetic changes may lie in the future of the machine's clock).
SERVICE_SETTINGS = {
    "API_AUTH": "api_key",
    "API_PAGING": "cursor",
    "API_SIZE_PARAM": "page_size",
    "API_RECORDS_PATH": "data",
    "API_NEXT_PATH": "next_cursor",
    "API_SINCE_PARAM": "updated_since",
    "API_FIELD_MAP": json.dumps(FIELD_MAP),
}

MAX_PAGE_SIZE = 5_000
_KEY_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False)

#: Order of the records: moment of the last change, then line number. Nothing of a person: it shows in cursors.
Key = tuple[datetime, int]


class Records:
    """The file's records in order of their last change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._content: tuple[list[Key], list[str]] = ([], [])

    def load(self) -> tuple[list[Key], list[str]]:
        """Keys in order, and the text of each record."""
        state = self._path.stat()
        if (state.st_mtime_ns, state.st_size) != self._seen:
            lines = self._path.read_text(encoding="utf-8").rstrip("\n").split("\n")
            keys = sorted(
                (_moment(json.loads(line)["updated_at"]), number) for number, line in enumerate(lines) if line
            )
            self._content = keys, [lines[number] for _, number in keys]
            self._seen = (state.st_mtime_ns, state.st_size)
        return self._content


def _moment(text: str) -> datetime:
    return _utc(datetime.fromisoformat(text))


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def create_app(data: Path, api_key: str) -> FastAPI:
    """The partner's API over `data`, for those who show `api_key`."""
    app = FastAPI(title="Sample partner API", version="1.0.0")
    records = Records(data)

    def authenticated(key: Annotated[str | None, Security(_KEY_HEADER)]) -> None:
        if not hmac.compare_digest((key or "").encode(), api_key.encode()):
            raise HTTPException(401, "X-API-Key is missing or wrong")

    @app.get("/v1/customers", dependencies=[Security(authenticated)])
    def customers(
        request: Request,
        paging: Literal["page", "offset", "cursor", "next_link", "none"] = "page",
        page: Annotated[int, Query(ge=1)] = 1,
        offset: Annotated[int, Query(ge=0)] = 0,
        cursor: str | None = None,
        page_size: Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE)] = 100,
        updated_since: datetime | None = None,
        updated_before: datetime | None = None,
    ) -> Response:
        """Records changed at or after `updated_since` and before `updated_before`, oldest change first."""
        keys, texts = records.load()
        low = bisect.bisect_left(keys, (_utc(updated_since), -1)) if updated_since else 0
        high = bisect.bisect_left(keys, (_utc(updated_before), -1)) if updated_before else len(keys)
        if paging == "none":
            page_size = len(keys)
        elif paging == "page":
            low += (page - 1) * page_size
        elif paging == "offset":
            low += offset
        elif cursor:
            low = max(low, bisect.bisect_right(keys, _decode(cursor)))
        end = max(low, min(low + page_size, high))
        more = end < high
        token = _encode(keys[end - 1]) if more else None
        link = str(request.url.include_query_params(cursor=token)) if token and paging == "next_link" else None
        rest = json.dumps({"has_more": more, "next_cursor": token, "next": link})
        return Response(f'{{"data":[{",".join(texts[low:end])}],{rest[1:]}', media_type="application/json")

    return app


def _encode(key: Key) -> str:
    return urlsafe_b64encode(json.dumps([key[0].isoformat(), key[1]]).encode()).decode()


def _decode(cursor: str) -> Key:
    try:
        moment, number = json.loads(urlsafe_b64decode(cursor))
        return _moment(moment), int(number)
    except (ValueError, TypeError):
        raise HTTPException(400, "the cursor is not one of ours") from None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--api-key-file", type=Path, required=True)
    options = parser.parse_args()
    key_text = options.api_key_file.read_text(encoding="utf-8").strip()
    with socket.create_server((options.host, options.port), backlog=2048) as listener:
        port = listener.getsockname()[1]
        print(json.dumps({"event": "serving", "port": port}), flush=True)
        config = uvicorn.Config(create_app(options.data, key_text), access_log=False)
        uvicorn.Server(config).run(sockets=[listener])

"""The ASGI middleware at the door: who may come in, and how much they may carry."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingestion_kernel.infrastructure.authentication.bearer import ServiceToken
from ingestion_kernel.infrastructure.storage.location import is_loopback
from ingestion_kernel.interfaces.problems import problem

#: Open without a token: probes and scrapers have none, and the documents hold no secret.
_OPEN = frozenset({"/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json"})

_MAX_BODY = 16 * 1024


class Gate:
    """Decides before a byte of the body is read. All paths but the open ones need the token, if there is one.

    Args:
        app: the application behind.
        token: asked at each request; none leaves everything open, which settings allow on loopback only.
    """

    def __init__(self, app: ASGIApp, token: ServiceToken) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope["path"], Headers(scope=scope))
        if refusal:
            await refusal(scope, receive, send)
        else:
            await self._app(scope, _bounded(receive), send)

    def _refusal(self, path: str, headers: Headers) -> Response | None:
        token = self._token.current()
        if token:
            if path in _OPEN or token.accepts(headers.get("authorization")):
                return None
            return problem(HTTPStatus.UNAUTHORIZED, "the bearer token is missing or wrong")
        # without a token, any web page open on this machine could else start ingestions (CSRF on localhost), even as
        # one of the same site, under a name of its own that it lets lead here (DNS rebinding)
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return problem(HTTPStatus.FORBIDDEN, "a page of another site may not call this service")
        if not _names_this_machine(headers.get("host")):
            return problem(HTTPStatus.MISDIRECTED_REQUEST, "this service goes by the names of this machine only")
        return None


def _names_this_machine(host: str | None) -> bool:
    """True also without a Host header: HTTP/1.1 demands it, and no browser leaves it out."""
    if host is None:
        return True
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:  # half a bracket
        return False


def _bounded(receive: Receive) -> Receive:
    size = 0

    async def receive_bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > _MAX_BODY:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body exceeds {_MAX_BODY} bytes")
        return message

    return receive_bounded

"""The ASGI middleware at the door: who may come in, and how much they may carry."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingestion_kernel.infrastructure.authentication.bearer import ServiceToken
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
        headers = Headers(scope=scope)
        token = self._token.current()
        if token and scope["path"] not in _OPEN and not token.accepts(headers.get("authorization")):
            await problem(HTTPStatus.UNAUTHORIZED, "the bearer token is missing or wrong")(scope, receive, send)
            return
        # without a token, any web page open on this machine could else start ingestions (CSRF on localhost)
        if not token and headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            await problem(HTTPStatus.FORBIDDEN, "a page of another site may not call this service")(
                scope, receive, send
            )
            return
        await self._app(scope, _bounded(receive), send)


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

"""Errors of the HTTP shell as problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from ingestion_kernel.domain.exceptions import (
    IdempotencyKeyReused,
    IngestionError,
    ModeNotSupported,
    RunEnded,
    RunInProgress,
    RunInterrupted,
    RunUnknown,
)
from ingestion_kernel.interfaces.schemas import FieldProblem, IngestionRequest, Problem

PROBLEM_JSON = "application/problem+json"

_STATUS: dict[type[IngestionError], HTTPStatus] = {
    RunInProgress: HTTPStatus.CONFLICT,
    RunEnded: HTTPStatus.CONFLICT,
    RunUnknown: HTTPStatus.NOT_FOUND,
    IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    ModeNotSupported: HTTPStatus.UNPROCESSABLE_ENTITY,
    RunInterrupted: HTTPStatus.SERVICE_UNAVAILABLE,
}

_ADVICE = {
    HTTPStatus.BAD_REQUEST: "Send JSON as /docs describes it, or no body at all.",
    HTTPStatus.UNAUTHORIZED: "Send the header `Authorization: Bearer <SERVICE_TOKEN>`.",
    HTTPStatus.FORBIDDEN: "Call the service from a program, or from its own /docs page.",
    HTTPStatus.NOT_FOUND: "GET /v1/ingestions lists the runs that this process knows; /docs describes the paths.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Use a method of the header Allow; /docs describes them.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Send JSON as /docs describes it; it is a few bytes.",
    HTTPStatus.MISDIRECTED_REQUEST: "Call it as localhost or by a loopback address, or set SERVICE_TOKEN.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Correct the fields named in `errors`; /docs describes them.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Look at the service's log at this time; it names the place of the fault.",
}


def problem(
    status: int,
    detail: str,
    *,
    code: str | None = None,
    advice: str | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """A response with problem details; `code` is derived from the status by default."""
    known = HTTPStatus(status)
    name = code or known.name
    body = Problem(
        type=f"urn:ingestion:problem:{name.lower().replace('_', '-')}",
        title=known.phrase,
        status=status,
        detail=detail,
        code=name,
        advice=advice or _ADVICE.get(known, "See /docs for what this service offers."),
        **members,
    )
    sent = dict(headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        sent["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body.model_dump(exclude_none=True), status, sent, media_type=PROBLEM_JSON)


def install_problem_handlers(app: FastAPI) -> None:
    """Make `app` answer every error with problem details."""
    app.add_exception_handler(IngestionError, _ingestion_error)
    app.add_exception_handler(RequestValidationError, _request_invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unforeseen)


def problem_responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for its OpenAPI document."""
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {int(status): {"model": Problem, "content": content, "description": status.phrase} for status in statuses}


async def _ingestion_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, IngestionError)
    status = _STATUS.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)
    members: dict[str, Any] = {}
    headers = {}
    if isinstance(error, RunInProgress | RunEnded):
        headers["Location"] = members["instance"] = str(request.app.url_path_for("read_ingestion", run_id=error.run_id))
    if isinstance(error, RunInProgress):
        members["running"] = members["instance"]
    return problem(status, error.message, code=error.code, advice=error.advice, headers=headers, **members)


async def _request_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if any(item["type"] == "json_invalid" for item in error.errors()):
        return problem(HTTPStatus.BAD_REQUEST, "the body is not JSON")
    errors = [_field_problem(item["loc"], item["type"], item["msg"]) for item in error.errors()]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the request does not fit", code="REQUEST_INVALID", errors=errors)


def _field_problem(location: tuple[int | str, ...], kind: str, message: str) -> FieldProblem:
    """The place and the rule only: a value, or the name of an unknown field, may be what must not be repeated."""
    if kind == "extra_forbidden":
        known = ", ".join(IngestionRequest.model_fields)
        return FieldProblem(
            field=str(location[0]), detail=f"Holds a field that is not known; leave it out. Known: {known}"
        )
    return FieldProblem(field=".".join(str(step) for step in location), detail=message)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:  # the framework names those of one route, not of the path
        headers["Allow"] = ", ".join(sorted(_methods_at(request)))
    return problem(error.status_code, str(error.detail), headers=headers)


def _methods_at(request: Request) -> set[str]:
    known = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
    scopes = {method: {**request.scope, "method": method} for method in known}
    routes = request.app.routes
    return {m for m, scope in scopes.items() if any(route.matches(scope)[0] is Match.FULL for route in routes)}


async def _unforeseen(request: Request, error: Exception) -> Response:
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, f"unforeseen {type(error).__name__}")

"""Errors of the HTTP shell as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from ingestion_kernel.domain.exceptions import IngestionError, ModeNotSupported, RunInProgress, RunInterrupted
from ingestion_kernel.interfaces.schemas import Problem

PROBLEM_JSON = "application/problem+json"

_STATUS: dict[type[IngestionError], HTTPStatus] = {
    RunInProgress: HTTPStatus.CONFLICT,
    ModeNotSupported: HTTPStatus.UNPROCESSABLE_ENTITY,
    RunInterrupted: HTTPStatus.SERVICE_UNAVAILABLE,
}

_ADVICE = {
    HTTPStatus.BAD_REQUEST: "Send JSON as /docs describes it, or no body at all.",
    HTTPStatus.UNAUTHORIZED: "Send the header `Authorization: Bearer <SERVICE_TOKEN>`.",
    HTTPStatus.FORBIDDEN: "Call the service from a program, or from its own /docs page.",
    HTTPStatus.NOT_FOUND: "GET /v1/ingestions lists the runs that this process knows; /docs describes the paths.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Send JSON as /docs describes it; it is a few bytes.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Correct the fields named in `errors`; /docs describes them.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Look at the service's log at this time; it names the place of the fault.",
}


def problem(
    status: int, detail: str, *, code: str | None = None, advice: str | None = None, **members: Any
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
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(body.model_dump(exclude_none=True), status, headers, media_type=PROBLEM_JSON)


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
    if isinstance(error, RunInProgress):
        members["running"] = str(request.app.url_path_for("read_ingestion", run_id=error.run_id))
    return problem(status, error.message, code=error.code, advice=error.advice, **members)


async def _request_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if any(item["type"] == "json_invalid" for item in error.errors()):
        return problem(HTTPStatus.BAD_REQUEST, "the body is not JSON")
    # the place and the rule only: the value may be what must not be repeated
    errors = [f"{'.'.join(str(step) for step in item['loc'])}: {item['msg']}" for item in error.errors()]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the request does not fit", code="REQUEST_INVALID", errors=errors)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail))


async def _unforeseen(request: Request, error: Exception) -> Response:
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, f"unforeseen {type(error).__name__}")

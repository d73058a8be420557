"""The HTTP shell of a service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Body, FastAPI, Header, Query, Request, Response, Security
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from ingestion_kernel.application.services.run_manager import REMEMBERED, Ending, RunManager
from ingestion_kernel.domain.run import Run
from ingestion_kernel.infrastructure.authentication.bearer import ServiceToken
from ingestion_kernel.infrastructure.config.settings import KernelSettings
from ingestion_kernel.interfaces.composition import Runtime, ServiceInfo
from ingestion_kernel.interfaces.gate import Gate
from ingestion_kernel.interfaces.problems import install_problem_handlers, problem_responses
from ingestion_kernel.interfaces.readiness import CachedReadiness
from ingestion_kernel.interfaces.schemas import IngestionRequest, Liveness, Readiness, RunList, RunView

#: How long a batch may take to drop what it has, once it has outlasted STOP_TIMEOUT_SECONDS.
DROP_SECONDS = 2.0

_READINESS_TTL_SECONDS = 5.0
_NOTHING_IS_LOST = "Start the ingestion again: it continues after the last published batch."

_LOCATED = {"headers": {"Location": {"description": "Where to poll the run.", "schema": {"type": "string"}}}}
_REFUSALS_OF_A_START = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
#: A string of RFC 9651 in quotes, as the draft wants it, or the bare text, as most clients send it.
_KEY_HEADER = Header(
    pattern=r'^(?:"[ !#-\[\]-~]{1,255}"|[!#-\[\]-~]{1,255})$',
    description="Repeat a request with the same key and body, and it answers with the run that it started; see README.",
    examples=['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
)

_log = structlog.stdlib.get_logger("http")


def create_app(info: ServiceInfo, settings: KernelSettings, runtime: Runtime, token: ServiceToken) -> FastAPI:
    """The FastAPI application of a service. Closing it ends the running ingestion after its present batch."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(end_ingestion, settings, runtime)

    app = FastAPI(
        title=info.title, description=info.description, version=info.version, lifespan=lifespan, redoc_url=None
    )
    app.add_middleware(Gate, token=token)
    install_problem_handlers(app)
    _add_ingestions(app, runtime, secured=token.current() is not None)
    _add_health(app, runtime)
    return app


def end_ingestion(settings: KernelSettings, runtime: Runtime) -> None:
    """Let the running ingestion end after its present batch, within the settings' bound, and take no other."""
    ending = runtime.manager.close(settings.stop_timeout_seconds, DROP_SECONDS)
    if ending is not Ending.IN_ORDER:
        _log.warning("stopped_while_ingesting", batch=ending.name.lower(), advice=_NOTHING_IS_LOST)


def _add_ingestions(app: FastAPI, runtime: Runtime, *, secured: bool) -> None:
    # the gate does the checking; this puts its answers into the OpenAPI document
    documented = [Security(HTTPBearer(auto_error=False))] if secured else []
    refused = (HTTPStatus.UNAUTHORIZED,) if secured else (HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST)
    routes = APIRouter(prefix="/v1/ingestions", tags=["ingestions"], dependencies=documented)
    _add_commands(routes, runtime.manager, refused)
    _add_queries(routes, runtime.manager, refused)
    app.include_router(routes)


def _add_commands(routes: APIRouter, manager: RunManager, refused: tuple[HTTPStatus, ...]) -> None:
    def located(request: Request, response: Response, run: Run) -> RunView:
        response.headers["Location"] = str(request.app.url_path_for("read_ingestion", run_id=run.run_id))
        return RunView.of(run)

    @routes.post(
        "",
        status_code=HTTPStatus.ACCEPTED,
        summary="Start an ingestion",
        responses={202: _LOCATED, **problem_responses(*refused, *_REFUSALS_OF_A_START)},
    )
    def start_ingestion(
        request: Request,
        response: Response,
        wanted: Annotated[IngestionRequest | None, Body()] = None,
        idempotency_key: Annotated[str | None, _KEY_HEADER] = None,
    ) -> RunView:
        """Begins a run in the background and answers at once; poll the `Location` until the status is an end state."""
        key = idempotency_key.strip('"') if idempotency_key else None
        return located(request, response, manager.start((wanted or IngestionRequest()).mode, key))

    @routes.delete(
        "/{run_id}",
        status_code=HTTPStatus.ACCEPTED,
        summary="Cancel a run",
        responses={202: _LOCATED, **problem_responses(*refused, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)},
    )
    def cancel_ingestion(request: Request, response: Response, run_id: str) -> RunView:
        """Asks the run to end; poll the `Location` until its status is `cancelled`.

        Its present batch is dropped whole, or finished if it is being published; earlier ones stay. A run that was done
        before it saw the request ends as `succeeded`.
        """
        return located(request, response, manager.cancel(run_id))


def _add_queries(routes: APIRouter, manager: RunManager, refused: tuple[HTTPStatus, ...]) -> None:
    @routes.get(
        "/{run_id}", summary="A run and its counters", responses=problem_responses(*refused, HTTPStatus.NOT_FOUND)
    )
    def read_ingestion(run_id: str) -> RunView:
        """The run as it stands now. `queued` and `running` will change; the other states will not."""
        return RunView.of(manager.get(run_id))

    @routes.get("", summary="The newest runs", responses=problem_responses(*refused, HTTPStatus.UNPROCESSABLE_ENTITY))
    def list_ingestions(limit: Annotated[int, Query(ge=1, le=REMEMBERED)] = 20) -> RunList:
        """The runs of this process, the newest first."""
        return RunList(ingestions=[RunView.of(run) for run in manager.newest_first(limit)])


def _add_health(app: FastAPI, runtime: Runtime) -> None:
    readiness = CachedReadiness(runtime.checks(), _READINESS_TTL_SECONDS)

    @app.get("/health/live", summary="The process answers", tags=["operations"])
    async def live() -> Liveness:
        """Looks at nothing but itself: a source that is down is no reason to restart the service."""
        return Liveness()

    @app.get(
        "/health/ready",
        summary="A run could begin now",
        tags=["operations"],
        responses={503: {"model": Readiness, "description": "A dependency cannot be used."}},
    )
    def ready(response: Response) -> Readiness:
        """Tries the source and the lake, at most once every few seconds."""
        view = readiness.view()
        response.status_code = HTTPStatus.OK if view.status == "ready" else HTTPStatus.SERVICE_UNAVAILABLE
        return view

    @app.get("/metrics", summary="Prometheus metrics", tags=["operations"], response_class=Response)
    def metrics() -> Response:
        """Prometheus' text format 0.0.4."""
        return Response(runtime.metrics.exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

"""The HTTP shell of a service."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import Body, FastAPI, Query, Response, Security
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.exceptions import HTTPException

from ingestion_kernel.domain.exceptions import IngestionError
from ingestion_kernel.infrastructure.authentication.bearer import BearerToken
from ingestion_kernel.infrastructure.config.settings import KernelSettings
from ingestion_kernel.interfaces.composition import Runtime, ServiceInfo
from ingestion_kernel.interfaces.gate import Gate
from ingestion_kernel.interfaces.problems import install_problem_handlers, problem_responses
from ingestion_kernel.interfaces.schemas import IngestionRequest, Liveness, Readiness, RunList, RunView

_READINESS_TTL_SECONDS = 5.0

_log = structlog.stdlib.get_logger("http")


def create_app(info: ServiceInfo, settings: KernelSettings, runtime: Runtime) -> FastAPI:
    """The FastAPI application of a service. Closing it ends the running ingestion after its present batch."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if not await asyncio.to_thread(runtime.manager.close, settings.stop_timeout_seconds):
            _log.warning("stopped_while_ingesting", advice="The next run sweeps what this one had staged.")

    app = FastAPI(
        title=info.title, description=info.description, version=info.version, lifespan=lifespan, redoc_url=None
    )
    token = BearerToken(settings.service_token.get_secret_value()) if settings.service_token else None
    app.add_middleware(Gate, token=token)
    install_problem_handlers(app)
    _add_ingestions(app, runtime, secured=token is not None)
    _add_health(app, runtime)
    return app


def _add_ingestions(app: FastAPI, runtime: Runtime, *, secured: bool) -> None:
    manager = runtime.manager
    # the gate does the checking; this only puts the scheme into the OpenAPI document
    documented = [Security(HTTPBearer(auto_error=False))] if secured else []
    refused = (HTTPStatus.UNAUTHORIZED,) if secured else ()

    @app.post(
        "/v1/ingestions",
        status_code=HTTPStatus.ACCEPTED,
        summary="Start an ingestion",
        tags=["ingestions"],
        dependencies=documented,
        responses=problem_responses(
            *refused,
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.CONFLICT,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.SERVICE_UNAVAILABLE,
        ),
    )
    def start_ingestion(response: Response, request: Annotated[IngestionRequest | None, Body()] = None) -> RunView:
        """Begins a run in the background and answers at once; poll the `Location` until the status is an end state."""
        run = manager.start((request or IngestionRequest()).mode)
        response.headers["Location"] = str(app.url_path_for("read_ingestion", run_id=run.run_id))
        return RunView.of(run)

    @app.get(
        "/v1/ingestions/{run_id}",
        summary="A run and its counters",
        tags=["ingestions"],
        dependencies=documented,
        responses=problem_responses(*refused, HTTPStatus.NOT_FOUND),
    )
    def read_ingestion(run_id: str) -> RunView:
        """The run as it stands now. `queued` and `running` will change; `succeeded` and `failed` will not."""
        run = manager.get(run_id)
        if run is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "this process knows no such run")
        return RunView.of(run)

    @app.get(
        "/v1/ingestions",
        summary="The newest runs",
        tags=["ingestions"],
        dependencies=documented,
        responses=problem_responses(*refused, HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    def list_ingestions(limit: Annotated[int, Query(ge=1, le=1000)] = 20) -> RunList:
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


class CachedReadiness:
    """The state of the dependencies. Probes need no token, so a flood of them must not reach source and lake."""

    def __init__(self, checks: Mapping[str, Callable[[], None]], ttl_seconds: float) -> None:
        self._checks = checks
        self._ttl = ttl_seconds
        self._lock = threading.Lock()
        self._view: Readiness | None = None
        self._expires = 0.0

    def view(self) -> Readiness:
        """The state, at most `ttl_seconds` old."""
        with self._lock:
            if self._view is None or time.monotonic() >= self._expires:
                found = {name: state_of(name, check) for name, check in self._checks.items()}
                ready = all(state == "ok" for state in found.values())
                self._view = Readiness(status="ready" if ready else "unready", dependencies=found)
                self._expires = time.monotonic() + self._ttl
            return self._view


def state_of(name: str, check: Callable[[], None]) -> str:
    """`ok`, or the code of what is wrong with a dependency; the whole story goes to the log."""
    try:
        check()
    except IngestionError as error:
        _log.warning("dependency_unusable", dependency=name, code=error.code, error=error.message, advice=error.advice)
        return error.code
    except Exception as error:
        _log.warning("dependency_unusable", dependency=name, code=IngestionError.code, exc_info=error)
        return IngestionError.code
    return "ok"

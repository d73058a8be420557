"""Runs the HTTP shell under uvicorn, and stops it in order."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from types import FrameType
from typing import TypeVar

import structlog
import uvicorn

from ingestion_kernel.application.services.run_manager import Ending
from ingestion_kernel.domain.exceptions import ConfigurationInvalid, RunInterrupted
from ingestion_kernel.infrastructure.authentication.bearer import ServiceToken
from ingestion_kernel.infrastructure.config.live import LiveSettings
from ingestion_kernel.infrastructure.config.settings import KernelSettings
from ingestion_kernel.interfaces.composition import Runtime, ServiceInfo
from ingestion_kernel.interfaces.http import create_app, end_ingestion

S = TypeVar("S", bound=KernelSettings)

#: Seconds that open requests get before they are cut; all of ours answer at once.
_REQUEST_GRACE = 2

_log = structlog.stdlib.get_logger("server")


def run_server(info: ServiceInfo, live: LiveSettings[S], runtime: Runtime) -> int:
    """Serve until SIGTERM or SIGINT. The batch that is being taken is finished first, within the settings' bound.

    Returns:
        The exit code: 0, or that of RunInterrupted if the batch had to be dropped.

    Raises:
        ConfigurationInvalid: HOST and PORT cannot be listened on.
    """
    settings = live.current()
    listener = _listen(settings.host, settings.port)
    config = uvicorn.Config(
        create_app(info, settings, runtime, ServiceToken(live)),
        log_config=None,  # uvicorn's loggers then reach our handler
        timeout_graceful_shutdown=_REQUEST_GRACE,
        server_header=False,
    )
    server = uvicorn.Server(config)
    _spare_the_collector()

    def stop(signal_number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn raises the signal once more after its own shutdown; by default that would kill us with no exit code
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    host, port = listener.getsockname()[:2]
    _log.info("serving", host=host, port=port, version=info.version, token_required=settings.service_token is not None)
    server.run(sockets=[listener])
    if runtime.manager.ending is None:  # a second signal made uvicorn leave out its shutdown, and with it the app's
        end_ingestion(settings, runtime)
    runtime.export.close()
    if runtime.manager.ending is Ending.STUCK:
        # the worker thread cannot be killed, and a normal exit would wait for it beyond the bound
        sys.stderr.flush()
        os._exit(RunInterrupted.exit_code)
    return RunInterrupted.exit_code if runtime.manager.ending is Ending.DROPPED else 0


def _spare_the_collector() -> None:
    """What is here now stays for the life of the process, so the collector need not look at it again.

    Else a full collection waits until a quarter as many objects have come as are here, and the modules are some hundred
    thousand: cycles of ended runs would be kept for that long.
    Source: https://docs.python.org/3.11/library/gc.html (freeze; "long_lived_pending / long_lived_total").
    """
    gc.collect()
    gc.freeze()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationInvalid(
            f"cannot listen on {host}:{port}: {error.strerror}",
            advice="Stop what listens there, or set HOST and PORT.",
        ) from None

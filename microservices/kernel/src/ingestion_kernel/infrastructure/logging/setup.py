"""Every log line of the process as one JSON object on stderr, whichever library wrote it."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from ingestion_kernel.domain.exceptions import IngestionError

#: These log URLs with their query, or statements with their parameters, at INFO or DEBUG.
_TALKATIVE = ("azure", "httpcore", "httpx", "msal", "sqlalchemy", "urllib3")

_QUIET_PATHS = ("/health/", "/metrics")


def configure_logging(service: str, level: str) -> None:
    """Set up structlog and the standard library's logging for the whole process.

    Args:
        service: name put on each line.
        level: lowest level that is shown.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_service(service),
        describe_exception,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=_type_only),
            ],
            # the formatter would else append the traceback, with the message, of a foreign record
            keep_exc_info=False,
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").addFilter(_fit_for_the_log)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a line that cannot be formatted must not print its arguments
    threading.excepthook = _log_thread_death


def describe_exception(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A structlog processor: `exc_info` becomes the chain of causes, as types and places.

    An exception's message is shown only if it is ours: that of a driver may quote a row ("Key (cpf)=(...) exists").
    """
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = [_describe(item) for item in _chain(error)]
    return event


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def _describe(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    described: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, IngestionError):
        described["message"] = error.message
    elif isinstance(error, OSError) and error.strerror:
        described["message"] = error.strerror
    return described


def _name_service(service: str) -> Processor:
    def add(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event.pop("color_message", None)  # uvicorn's second copy of its message, for terminals
        event["service"] = service
        return event

    return add


def _type_only(value: object) -> str:
    return f"<{type(value).__name__}>"


def _fit_for_the_log(record: logging.LogRecord) -> bool:
    """Leaves out probes, and queries: somebody may have put a token into one."""
    # uvicorn's access record: client address, method, path, HTTP version, status
    if not isinstance(record.args, tuple) or len(record.args) < 3:
        return True
    path = str(record.args[2]).partition("?")[0]
    record.args = (*record.args[:2], path, *record.args[3:])
    return not path.startswith(_QUIET_PATHS)


def _log_thread_death(death: threading.ExceptHookArgs) -> None:
    structlog.stdlib.get_logger("threading").critical("thread_died", exc_info=death.exc_value)

"""Structured logs: one JSON object a line on stderr, with the run id. Counts and names only, never a value of a row."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

_LOGGER = logging.getLogger("etl_customers")


class _JsonFormatter(logging.Formatter):
    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat()
        fields = getattr(record, "fields", {})
        line = {"at": at, "level": record.levelname.lower(), "run_id": self._run_id, "event": record.getMessage()}
        return json.dumps(line | fields, ensure_ascii=False, default=str)


def configure(run_id: str) -> None:
    """Send the job's log lines to stderr as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter(run_id))
    _LOGGER.handlers = [handler]
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def info(event: str, **fields: Any) -> None:
    """Log an event with its facts."""
    _LOGGER.info(event, extra={"fields": fields})


def warning(event: str, **fields: Any) -> None:
    """Log what somebody should look at."""
    _LOGGER.warning(event, extra={"fields": fields})


def error(event: str, **fields: Any) -> None:
    """Log a fault with its facts."""
    _LOGGER.error(event, extra={"fields": fields})

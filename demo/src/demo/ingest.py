"""Asks the three services at once to ingest, and watches them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo.errors import DemoError
from demo.services import Service
from demo.shares import SourceName

_POLL_SECONDS = 0.2
_ENDED = ("succeeded", "failed")


def ingest(services: Sequence[Service], expected: Mapping[str, int], console: Console) -> dict[SourceName, Any]:
    """Start an ingestion in each service, show their progress, and return their runs once all have ended.

    Args:
        services: the three.
        expected: source -> rows that a first run will read, for the bars only.
        console: where the bars go.

    Raises:
        DemoError: a service refuses, dies, or its run fails.
    """
    columns = (TextColumn("  {task.description:<9}"), BarColumn(), MofNCompleteColumn(), TextColumn("rows"))
    clients = {service.source: service.client() for service in services}
    try:
        with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
            bars = {s.source: progress.add_task(s.source.value, total=expected.get(s.source)) for s in services}
            runs = {s.source: _call(s, clients[s.source], "POST", "/v1/ingestions") for s in services}
            while not all(run["status"] in _ENDED for run in runs.values()):
                time.sleep(_POLL_SECONDS)
                for service in services:
                    if runs[service.source]["status"] not in _ENDED:
                        path = f"/v1/ingestions/{runs[service.source]['run_id']}"
                        run = runs[service.source] = _call(service, clients[service.source], "GET", path)
                        progress.update(bars[service.source], completed=run["rows_read"])
            for source, run in runs.items():  # a run that finds nothing new has an empty, finished bar
                progress.update(bars[source], completed=run["rows_read"], total=run["rows_read"])
    finally:
        for client in clients.values():
            client.close()
    for service in services:
        _check(service, runs[service.source])
    return runs


def _call(service: Service, client: httpx.Client, method: str, path: str) -> dict[str, Any]:
    service.child.check()
    try:
        response = client.request(method, path)
    except httpx.TransportError as error:
        raise DemoError(f"{service.child.name} does not answer ({type(error).__name__}).", service.child.log) from None
    if response.is_error:
        raise DemoError(f"{service.child.name} answers {response.status_code} to {method} {path}.", service.child.log)
    answer: dict[str, Any] = response.json()
    return answer


def _check(service: Service, run: Mapping[str, Any]) -> None:
    if run["status"] == "failed":
        error = run["error"]
        what = f"{error['code']}: {error['message']}. {error['advice']}"
        raise DemoError(f"{service.child.name} could not ingest. {what}", service.child.log)

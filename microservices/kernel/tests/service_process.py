"""Runs a service, the toy by default, as people and clusters do: as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from kernel_fakes import wait_for

TOY = Path(__file__).with_name("toy_service.py")
TOY_COMMAND = (sys.executable, str(TOY))


def environment(**settings: object) -> dict[str, str]:
    """This process's environment with the given settings (raw_url becomes RAW_URL)."""
    return {**os.environ, **{name.upper(): str(value) for name, value in settings.items()}}


def command(
    *arguments: str, service: Sequence[str] = TOY_COMMAND, **settings: object
) -> subprocess.CompletedProcess[str]:
    """Run a command of the service to its end."""
    return subprocess.run(
        [*service, *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def log_lines(text: str) -> list[dict[str, Any]]:
    """The log lines of a process; fails if one is not a JSON object."""
    lines = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(line, dict) for line in lines)
    return lines


@dataclass
class Served:
    """A running service."""

    process: subprocess.Popen[str]
    client: httpx.Client
    log: Path
    url: str

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


@contextmanager
def serving(folder: Path, service: Sequence[str] = TOY_COMMAND, **settings: object) -> Iterator[Served]:
    """`serve` on a free port of this machine."""
    log = folder / "log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [*service, "serve"], env=environment(port=0, **settings), stdout=stderr, stderr=stderr, text=True
        )
    try:
        wait_for(lambda: '"event": "serving"' in log.read_text() or process.poll() is not None)
        (port,) = [line["port"] for line in log_lines(log.read_text()) if line["event"] == "serving"]
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            yield Served(process, client, log, url)
    finally:
        process.kill()
        process.wait()


def poll(service: Served, location: str, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The run at `location`, once it is as wished."""
    run: dict[str, Any] = {}

    def arrived() -> bool:
        run.update(service.client.get(location).json())
        return until(run)

    wait_for(arrived)
    return run


def is_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Assert that an answer is this problem (RFC 9457); its body."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"].startswith("urn:ingestion:problem:") and body["advice"] and body["detail"]
    return body

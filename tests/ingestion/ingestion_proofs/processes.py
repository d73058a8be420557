"""The services as real processes: the installed console scripts, to be run to the end, served, or killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from ingestion_proofs.rows import PLANTED

INJECT = Path(__file__).with_name("inject")
SECONDS = 90.0
_LAKE_UNAVAILABLE = 74
#: Settings of whoever runs the tests must not reach the services.
_FOREIGN = ("API_", "CSV_", "DB_", "DATABASE_", "RAW_URL", "HOST", "PORT", "SERVICE_", "SECRETS_", "ADLS_", "OTEL_")


@dataclass(frozen=True)
class Setup:
    """A service and its settings; `roots` are the directories in which its steps are counted, raw first."""

    command: str
    settings: dict[str, str]
    roots: tuple[Path, ...]
    secrets: tuple[str, ...] = ()

    def environment(self, **proof: str) -> dict[str, str]:
        """The process's environment; with `kill_at`, `record`, `barrier` or `only` steps are counted."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        # 60 s is the least that the setting allows; what the tests leave in staging is made to look older
        made = {**kept, "STAGING_MAX_AGE_SECONDS": "60", **self.settings}
        if proof:
            made |= {f"PROOF_{name.upper()}": value for name, value in proof.items()}
            made["PROOF_ROOTS"] = ":".join(map(str, self.roots))
            made["PYTHONPATH"] = os.pathsep.join(filter(None, [str(INJECT), os.environ.get("PYTHONPATH")]))
        return made

    def program(self, *arguments: str) -> list[str]:
        """The console script of this very environment."""
        return [str(Path(sys.executable).with_name(self.command)), *arguments]


@dataclass
class Ended:
    """A process that ended; `steps` are the labels of the steps that it came to, if they were recorded."""

    code: int
    out: str
    err: str
    steps: list[str] = field(default_factory=list)

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def run(self) -> dict[str, Any]:
        """The run that it printed."""
        return dict(json.loads(self.out))

    def events(self, name: str) -> list[dict[str, Any]]:
        """Its log lines of this event."""
        lines = (json.loads(line) for line in self.err.splitlines() if f'"{name}"' in line)
        return [line for line in lines if line["event"] == name]


@dataclass
class Running:
    """A process under way; its output goes to files, so that no pipe holds it up."""

    setup: Setup
    popen: subprocess.Popen[bytes]
    folder: Path

    def written(self) -> str:
        """What it has logged so far."""
        return (self.folder / "err").read_text("utf-8", "replace")

    def wait_for(self, text: str) -> bool:
        """Wait until it has logged `text`; False if it ended before."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            ended = self.popen.poll() is not None
            if text in self.written():
                return True
            if ended:
                return False
            time.sleep(0.002)
        raise AssertionError(f"{self.setup.command} never logged {text}: {self.written()[-2000:]}")

    def kill(self) -> Ended:
        """SIGKILL."""
        self.popen.kill()
        return self.end()

    def end(self) -> Ended:
        """Wait for its end, and see that it told no value and left no traceback."""
        code = self.popen.wait(timeout=SECONDS)
        out = (self.folder / "out").read_text("utf-8", "replace")
        steps = self.folder / "steps"
        ended = Ended(code, out, self.written(), steps.read_text().splitlines() if steps.exists() else [])
        _assert_clean(self.setup, ended)
        return ended


def start(setup: Setup, work: Path, *arguments: str, prefix: Sequence[str] = (), **proof: str) -> Running:
    """Start a command of the service; its output goes below `work`, its steps too if any of `proof` is given."""
    folder = work / f"process-{uuid.uuid4().hex[:12]}"
    folder.mkdir(parents=True)
    if proof:
        proof.setdefault("record", str(folder / "steps"))
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        popen = subprocess.Popen(
            [*prefix, *setup.program(*arguments)],
            env=setup.environment(**proof),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
    return Running(setup, popen, folder)


def ingest(setup: Setup, work: Path, prefix: Sequence[str] = (), **proof: str) -> Ended:
    """Run `ingest` to its end, whichever it is."""
    return start(setup, work, "ingest", prefix=prefix, **proof).end()


@dataclass
class Served:
    """A service that serves."""

    running: Running
    client: httpx.Client

    def post(self) -> str:
        """Begin a run; where to ask for it."""
        response = self.client.post("/v1/ingestions")
        assert response.status_code == 202, response.text
        return response.headers["Location"]

    def ingest(self) -> dict[str, Any]:
        """Begin a run and wait for its end."""
        place, deadline = self.post(), time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            view = dict(self.client.get(place).json())
            if view["status"] in ("succeeded", "failed"):
                return view
            time.sleep(0.01)
        raise AssertionError("the run does not end")


@contextmanager
def serving(setup: Setup, work: Path, **proof: str) -> Iterator[Served]:
    """`serve` on a free port; killed at the end, if it still lives."""
    settings = {**setup.settings, "HOST": "127.0.0.1", "PORT": "0"}
    running = start(Setup(setup.command, settings, setup.roots, setup.secrets), work, "serve", **proof)
    try:
        assert running.wait_for('"serving"'), running.written()
        port = next(json.loads(line)["port"] for line in running.written().splitlines() if '"serving"' in line)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS, trust_env=False) as client:
            yield Served(running, client)
    finally:
        if running.popen.poll() is None:
            running.popen.kill()
            running.popen.wait()


def lake_failed_cleanly(ended: Ended) -> None:
    """Assert the documented exit code and an error with advice. (That no value was told, `Running.end` has seen.)"""
    assert ended.code == _LAKE_UNAVAILABLE, (ended.code, ended.err)
    run = ended.run
    assert run["status"] == "failed"
    assert run["error"]["code"] == "LAKE_UNAVAILABLE" and run["error"]["advice"]
    assert "Traceback" not in ended.out + ended.err


def _assert_clean(setup: Setup, ended: Ended) -> None:
    for said in (ended.out, ended.err):
        for secret in (PLANTED, *setup.secrets):
            assert secret not in said, f"{setup.command} shows a value of a row or a secret"
    lines = ended.err.splitlines()
    for line in lines[: -1 if ended.killed else None]:  # the last words of a killed process may be torn
        assert line.startswith("{") and line.endswith("}"), f"{setup.command} logs something that is no JSON: {line}"

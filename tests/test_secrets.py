"""Planted secrets are nowhere in what the three services put out, whatever goes wrong."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from ingestion_kernel.infrastructure.config.settings import KernelSettings, load_settings
from service_process import Served, command, log_lines, poll, serving
from three_services import API, SERVICES, TOKEN, Service

INSTRUMENTATION_KEY = "5eed0000-1234-1234-1234-123456789abc"
CONNECTION_STRING = f"InstrumentationKey={INSTRUMENTATION_KEY};IngestionEndpoint=http://127.0.0.1:1/"
OTLP_HEADER = "planted-collector-key"
ADLS_KEY = base64.b64encode(b"planted-adls-key").decode()
PLANTED = {
    "service_token": TOKEN,
    "applicationinsights_connection_string": CONNECTION_STRING,
    "adls_account_key": ADLS_KEY,
}

#: Run by Python before all else. What it raises quotes all it can get hold of, as a driver's error may.
SABOTAGE = """
import os, pathlib
from ingestion_kernel.application.services.run_manager import RunManager
from ingestion_kernel.infrastructure.storage.local import LocalRawLake

def fail(*arguments, **named):
    secrets = [path.read_text() for path in pathlib.Path(os.environ["SECRETS_DIR"]).iterdir()]
    try:
        raise ValueError(f"first {secrets}")
    except ValueError as error:
        raise RuntimeError(f"then {secrets} {os.environ}") from error

LocalRawLake.sweep = LocalRawLake.check = RunManager.newest_first = fail
"""


def forms_of(secrets: dict[str, str]) -> set[str]:
    """Each secret, and what it looks like where it was decoded or encoded on the way."""
    plain = {*secrets.values(), INSTRUMENTATION_KEY, OTLP_HEADER, "planted%2Fpass%40word", "planted-adls-key"}
    forms = {form for text in plain for form in (text, unquote(text), quote(text, safe=""))}
    return forms | {base64.b64encode(form.encode()).decode().rstrip("=")[:-1] for form in forms}


def assert_clean(service: Service, texts: dict[str, str]) -> None:
    """Fails with the place and the form, so that the secret is seen in the test's output only."""
    found = [
        (place, form)
        for place, text in texts.items()
        for form in forms_of({**PLANTED, **service.secrets})
        if form in text
    ]
    assert not found


@contextmanager
def echoing_server() -> Iterator[str]:
    """An API that puts the request's headers into all its errors."""

    class Echo(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = str(self.headers).encode()
            self.send_response(500, str(self.headers.get("X-API-Key")))
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Echo", str(self.headers.get("X-API-Key")))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def settings_of(service: Service, folder: Path, mounted: Path) -> dict[str, Any]:
    for name, secret in {**PLANTED, **service.secrets}.items():
        (mounted / name).write_text(secret + "\n")
    return service.settings_in(folder) | {
        "secrets_dir": str(mounted),
        "log_level": "DEBUG",
        "otel_exporter_otlp_endpoint": "http://127.0.0.1:1",
        "otel_exporter_otlp_headers": f"api-key={OTLP_HEADER}",
    }


def sabotaged(folder: Path) -> dict[str, str]:
    """Settings that make a process run SABOTAGE first."""

    (folder / "sabotage").mkdir()
    (folder / "sabotage" / "sitecustomize.py").write_text(SABOTAGE)
    return {"PYTHONPATH": f"{folder / 'sabotage'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


def written_to(folder: Path) -> dict[str, str]:
    return {
        str(path): path.read_text(errors="replace")
        for path in folder.rglob("*")
        if path.is_file() and not {"secrets", "sabotage"} & set(path.parts)
    }


def ask_everything(service: Served) -> dict[str, str]:
    """All answers of a running service, with their headers, to good, wrong and refused requests."""
    good = {"authorization": f"Bearer {TOKEN}"}
    answers: dict[str, str] = {}

    def ask(method: str, path: str, headers: dict[str, str] = good, content: str | None = None) -> Any:
        response = service.client.request(method, path, headers=headers, content=content)
        answers[f"{len(answers)} {method} {path.partition('?')[0]}"] = f"{response.headers} {response.text}"
        return response

    location = ask("POST", "/v1/ingestions", {**good, "idempotency-key": "key-1"}).headers["location"]
    poll_with = Served(service.process, service.client, service.log, service.url)
    service.client.headers.update(good)
    poll(poll_with, location, lambda run: run["status"] not in ("queued", "running"))
    del service.client.headers["authorization"]
    ask("GET", location)
    ask("DELETE", location)
    ask("POST", "/v1/ingestions", content=f'{{"mode": "{TOKEN}"}}')
    ask("POST", "/v1/ingestions", content=f'{{"{TOKEN}": 1}}')
    ask("POST", "/v1/ingestions", content=f'{{"{TOKEN}')
    ask("POST", "/v1/ingestions", {**good, "idempotency-key": f'"{TOKEN}'})
    ask("GET", "/v1/ingestions", {"authorization": f"Bearer {TOKEN[:-1]}"})
    ask("GET", f"/v1/ingestions?limit={TOKEN}")
    ask("GET", "/v1/ingestions")
    for path in ("/metrics", "/openapi.json", "/docs", "/health/ready", "/health/live", f"/nowhere?token={TOKEN}"):
        ask("GET", path)
    return answers


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
@pytest.mark.parametrize("fault", ["source down", "unforeseen"])
def test_no_output_holds_a_secret(tmp_path: Path, mounted: Path, service: Service, fault: str) -> None:
    settings = settings_of(service, tmp_path, mounted)
    if fault == "unforeseen":
        settings |= sabotaged(tmp_path)
    with echoing_server() as echo:
        if service is API:
            settings["api_url"] = f"{echo}/v1/customers"
        done = {name: command(name, service=service.command, **settings) for name in ("check", "ingest")}
        with serving(tmp_path, service.command, **settings) as served:
            texts = ask_everything(served)
            served.stop()
    for name, ended in done.items():
        texts |= {f"{name} stdout": ended.stdout, f"{name} stderr": ended.stderr}
        log_lines(ended.stderr)
    events = [line["event"] for line in log_lines(served.log.read_text())]
    failed = fault == "unforeseen" or service.name != "csv"
    assert ("run_failed" in events) == ("run_failed" in done["ingest"].stderr) == failed
    assert ("Exception in ASGI application\n" in events) == (fault == "unforeseen")
    assert_clean(service, texts | written_to(tmp_path))


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_wrong_secrets_are_refused_without_being_shown(tmp_path: Path, mounted: Path, service: Service) -> None:
    wrong = {
        "service_token": f"{TOKEN} with a space",
        "database_url": f"{TOKEN} is no url",
        "api_key": f"{TOKEN} with a space",
        "otel_exporter_otlp_endpoint": f"http://{TOKEN}@127.0.0.1",
    }
    settings = settings_of(service, tmp_path, mounted) | wrong
    for name in ("check", "ingest", "serve"):
        done = command(name, service=service.command, **settings)
        assert done.returncode == 78 and "SERVICE_TOKEN" in done.stderr
        assert_clean(service, {"stdout": done.stdout, "stderr": done.stderr})


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_no_repr_and_no_bare_traceback_holds_a_secret(
    tmp_path: Path, mounted: Path, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    settings = settings_of(service, tmp_path, mounted)
    for name, value in settings.items():
        monkeypatch.setenv(name.upper(), value)
    main = import_module(f"{service.name}_ingestion.interfaces.main")
    package = import_module(f"{service.name}_ingestion.infrastructure.config.settings")
    (settings_type,) = [
        kind
        for kind in vars(package).values()
        if isinstance(kind, type) and issubclass(kind, KernelSettings) and kind.__module__ == package.__name__
    ]
    loaded = load_settings(settings_type)
    source = main.build_source(loaded)
    reprs = {"repr": repr(loaded), "str": str(loaded), "json": loaded.model_dump_json(), "source": repr(source)}
    assert_clean(service, reprs)

    bare = f"""
import faulthandler, sys
from {package.__name__} import *
from {main.__name__} import build_source
from ingestion_kernel.infrastructure.config.settings import load_settings
faulthandler.dump_traceback()
build_source(load_settings({settings_type.__name__})).check()
raise RuntimeError("the end")
"""
    done = subprocess.run([service.command[0], "-c", bare], capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" in done.stderr
    assert_clean(service, {"stdout": done.stdout, "stderr": done.stderr})


def test_the_search_would_find_one() -> None:
    for text in (TOKEN, "a planted/pass@word b", base64.b64encode(b"planted-key-77").decode(), f"key={quote(TOKEN)}"):
        with pytest.raises(AssertionError):
            assert_clean(API, {"log": text})

"""Each service keeps to its OpenAPI document: schemathesis calls it over HTTP and finds nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from service_process import log_lines, serving
from three_services import SERVICES, TOKEN

TESTS = Path(__file__).parent
COMMANDS = {service.name: (service.command, service) for service in SERVICES}


def fuzz(url: str, folder: Path, document: Path | None = None, *more: str) -> subprocess.CompletedProcess[str]:
    """Call everything at `url` that its document, or another, tells of; bounded in count, the same each time."""
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(TESTS / "schemathesis.toml")),
        *(
            "run",
            str(document or f"{url}/openapi.json"),
            "--url",
            url,
            "--header",
            f"Authorization: Bearer {TOKEN}",
            "--checks",
            "all",
            # DELETE cancels a run, and its record stays: that is how one learns what the run had done before it ended.
            "--exclude-checks",
            "use_after_free",
        ),
        *("--seed", "42", "--max-examples", "5", "--generation-database", "none", "--no-color"),
        *more,
    ]
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_schemathesis_finds_nothing(tmp_path: Path, name: str) -> None:
    command, service = COMMANDS[name]
    settings = service.settings_in(tmp_path) | service.secrets
    with serving(tmp_path, command, **settings, service_token=TOKEN) as served:
        done = fuzz(served.url, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "No issues found" in done.stdout and "7 selected / 7 total" in done.stdout
        assert served.stop() == 0
    assert not [line for line in log_lines(served.log.read_text()) if line["level"] == "critical"]


def test_without_a_token_too(tmp_path: Path) -> None:
    with serving(tmp_path, raw_url=tmp_path / "raw") as served:
        done = fuzz(served.url, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_would_find_something(tmp_path: Path) -> None:
    with serving(tmp_path, raw_url=tmp_path / "raw", service_token=TOKEN) as served:
        document = served.client.get("/openapi.json").json()
        (limit,) = document["paths"]["/v1/ingestions"]["get"]["parameters"]
        limit["schema"]["maximum"] = 5000
        changed = tmp_path / "changed.json"
        changed.write_text(json.dumps(document))
        done = fuzz(served.url, tmp_path, changed, "--include-path", "/v1/ingestions", "--include-method", "GET")
        assert done.returncode == 1 and "Schema-valid request rejected" in done.stdout, done.stdout + done.stderr

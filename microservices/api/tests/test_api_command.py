"""The command `api-ingestion` as a process of its own, against the sample partner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from api_servers import API_KEY, PartnerServer, ScriptedServer, partner_record
from demo.partner_api import SERVICE_SETTINGS

COMMAND = [str(Path(sys.executable).with_name("api-ingestion"))]


def environment(settings: dict[str, str]) -> dict[str, str]:
    """Nothing of the caller's but what a process needs; the partner's settings, then these."""
    needed = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    if "PYTHONPATH" in os.environ:  # the code under test need not be the installed one
        needed["PYTHONPATH"] = os.environ["PYTHONPATH"]
    return needed | SERVICE_SETTINGS | settings


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *arguments]
    return subprocess.run(command, env=environment(settings), capture_output=True, text=True, timeout=60)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A mounted secret, with the line feed that editors leave."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "api_key").write_text(API_KEY + "\n")
    return folder


def test_ingest_check_and_a_second_run(tmp_path: Path, secrets: Path, partner: PartnerServer) -> None:
    partner.write(*(partner_record(n, f"2025-04-01T10:{n:02d}:00Z") for n in range(25)))
    raw = tmp_path / "raw"
    settings = {
        "RAW_URL": str(raw),
        "SECRETS_DIR": str(secrets),
        "API_URL": partner.url("cursor"),
        "LOG_LEVEL": "DEBUG",
    }
    checked = run("check", **settings)
    assert (checked.returncode, json.loads(checked.stdout)) == (0, {"source": "ok", "lake": "ok"}), checked.stderr
    first = run("ingest", API_PAGE_SIZE="10", **settings)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["rows_written"] == 25
    second = run("ingest", **settings)
    assert (second.returncode, json.loads(second.stdout)["batches"]) == (0, [])
    written = "".join(path.read_text() for path in raw.rglob("_manifest.json"))
    for text in (first.stdout, first.stderr, second.stdout, second.stderr, checked.stdout, checked.stderr, written):
        assert API_KEY not in text
        assert "529.982.247-25" not in text and "ana1@example.com" not in text
        assert "updated_since=" not in text


def test_a_wrong_key_has_its_own_exit_code(tmp_path: Path, partner: PartnerServer) -> None:
    settings = {"RAW_URL": str(tmp_path / "raw"), "API_URL": partner.url("cursor"), "API_KEY": "not-the-key"}
    refused = run("ingest", **settings)
    assert refused.returncode == 77
    assert json.loads(refused.stdout)["error"]["code"] == "SOURCE_ACCESS_DENIED"
    assert "not-the-key" not in refused.stdout + refused.stderr
    assert run("check", **settings).returncode == 77


def test_a_missing_setting_has_its_own_exit_code(tmp_path: Path) -> None:
    refused = run("ingest", RAW_URL=str(tmp_path / "raw"))
    assert refused.returncode == 78 and "API_URL is missing" in refused.stderr


def test_a_killed_process_leaves_nothing_doubled_or_lost(tmp_path: Path, scripted: ScriptedServer) -> None:
    names = [[f"C{page}{n}" for n in range(3)] for page in (1, 2, 3)]
    pages = [
        {
            "data": [{"id": name, "updated_at": f"2025-04-0{page}T10:00:00Z"} for name in names[page - 1]],
            "next_cursor": str(page) if page < 3 else None,
        }
        for page in (1, 2, 3)
    ]
    raw = tmp_path / "raw"
    settings = {"RAW_URL": str(raw), "API_URL": scripted.url, "API_KEY": API_KEY, "API_MAX_PAGES_PER_BATCH": "1"}
    scripted.play({"body": pages[0]}, {"body": pages[1], "drip": True})
    with subprocess.Popen([*COMMAND, "ingest"], env=environment(settings), stderr=subprocess.DEVNULL) as process:
        while not list(raw.glob("api/customers/batch=*")):  # the second page, still dripping in, was fetched ahead
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    assert len(list(raw.glob("api/customers/batch=*"))) == 1
    scripted.play(*({"body": page} for page in pages[1:]))
    assert run("ingest", **settings).returncode == 0
    lines = [line for part in sorted(raw.glob("api/customers/*/*.jsonl")) for line in part.read_text().splitlines()]
    assert [json.loads(line)["customer_id"] for line in lines] == sum(names, [])

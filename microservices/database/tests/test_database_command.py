"""The command as a process: what it prints, how it exits, and that the password is nowhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROWS = "INSERT INTO customers SELECT n, 'C', '1', 'p', 1, '2025-01-01' FROM generate_series(1, 5) AS n"


def _command(raw: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "RAW_URL": str(raw), "DB_TABLE": "public.customers", **settings}
    command = [sys.executable, "-m", "database_ingestion.interfaces.main", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def _assert_no_secret(done: subprocess.CompletedProcess[str], database: Any, raw: Path) -> None:
    texts = [done.stdout, done.stderr, *(path.read_text() for path in raw.rglob("*") if path.is_file())]
    for secret in (database.password, "s3cret", "%2540"):
        assert not any(secret in text for text in texts)


def test_ingest_prints_the_run_and_a_second_one_is_empty(customers: Any, tmp_path: Path) -> None:
    customers.execute(ROWS)
    done = _command(tmp_path, "ingest", DATABASE_URL=customers.url())
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert (run["status"], run["rows_written"]) == ("succeeded", 5)
    assert all(json.loads(line)["service"] == "database-ingestion" for line in done.stderr.splitlines())
    _assert_no_secret(done, customers, tmp_path)

    again = _command(tmp_path, "ingest", DATABASE_URL=customers.url())
    assert (again.returncode, json.loads(again.stdout)["rows_written"]) == (0, 0)

    full = _command(
        tmp_path, "ingest", "--mode", "full", DATABASE_URL=customers.url(), DB_COLUMN_MAP='{"id": "purchase_id"}'
    )
    assert (full.returncode, json.loads(full.stdout)["rows_written"]) == (0, 5)


def test_the_url_may_come_from_a_mounted_secret(customers: Any, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "database_url").write_text(customers.url() + "\n")
    done = _command(tmp_path / "raw", "check", SECRETS_DIR=str(secrets))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["source"] == "ok"


def test_a_wrong_password_exits_with_77_and_shows_no_secret(customers: Any, tmp_path: Path) -> None:
    done = _command(tmp_path, "ingest", DATABASE_URL=customers.url(password="s3cret-but-wrong"))
    assert done.returncode == 77
    assert json.loads(done.stdout)["error"]["code"] == "SOURCE_ACCESS_DENIED"
    _assert_no_secret(done, customers, tmp_path)


def test_a_broken_setting_exits_with_78_and_is_named(tmp_path: Path) -> None:
    done = _command(tmp_path, "ingest", DATABASE_URL="s3cret is no url")
    assert done.returncode == 78
    assert "DATABASE_URL" in done.stderr
    assert "s3cret" not in done.stderr + done.stdout

"""The command line of a service, as a process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from kernel_fakes import wait_for
from service_process import TOY, command, environment, log_lines


def test_ingest_prints_the_run_and_logs_json_lines(tmp_path: Path) -> None:
    done = command("ingest", raw_url=tmp_path / "raw")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert (run["status"], run["rows_written"], run["exit_code"]) == ("succeeded", 3, 0)
    assert [line["event"] for line in log_lines(done.stderr)] == ["run_started", "batch_published", "run_succeeded"]
    (batch,) = (tmp_path / "raw/fake/customers").iterdir()
    assert batch.name == f"batch={run['batches'][0]}"
    assert json.loads((batch / "_manifest.json").read_text())["tool_version"] == "toy-ingestion 9.8.7"

    again = command("ingest", raw_url=tmp_path / "raw")
    assert (again.returncode, json.loads(again.stdout)["batches"]) == (0, [])
    full = command("ingest", "--mode", "full", raw_url=tmp_path / "raw")
    assert json.loads(full.stdout)["batches"] == ["00000000000000000002"]


def test_parts_are_bounded_by_the_settings(tmp_path: Path) -> None:
    command("ingest", raw_url=tmp_path / "raw", part_max_rows=2, toy_rows=5)
    assert len(list((tmp_path / "raw").glob("fake/customers/*/part-*.jsonl"))) == 3


@pytest.mark.parametrize(
    ("settings", "exit_code", "code"),
    [
        ({"toy_rejects": 2}, 3, None),
        ({"toy_fault": "denied"}, 77, "SOURCE_ACCESS_DENIED"),
        ({"toy_fault": "unforeseen", "toy_password": "planted-secret"}, 70, "INGESTION_FAILED"),
    ],
)
def test_the_exit_code_says_how_the_run_ended(
    tmp_path: Path, settings: dict[str, object], exit_code: int, code: str | None
) -> None:
    done = command("ingest", raw_url=tmp_path / "raw", **settings)
    run = json.loads(done.stdout)
    assert (done.returncode, run["exit_code"]) == (exit_code, exit_code)
    assert (run["error"]["code"] if run["error"] else None) == code
    assert bool(run["error"] is None or run["error"]["advice"])
    assert "planted-secret" not in done.stdout + done.stderr
    assert "52998224725" not in done.stdout + done.stderr
    log_lines(done.stderr)


@pytest.mark.parametrize(
    ("subcommand", "settings", "says"),
    [
        ("ingest", {"raw_url": ""}, "RAW_URL is missing"),
        ("serve", {"raw_url": "/r", "host": "0.0.0.0"}, "HOST is not loopback, so SERVICE_TOKEN is required"),
        ("check", {"raw_url": "/r", "service_token": "planted-secret"}, "at least 16"),
        ("ingest", {"raw_url": "http://127.0.0.1:1/a/b"}, "needs ADLS_ACCOUNT_KEY"),
    ],
)
def test_wrong_settings_end_with_advice_and_code_78(subcommand: str, settings: dict[str, object], says: str) -> None:
    done = command(subcommand, **settings)
    assert (done.returncode, done.stdout) == (78, "")
    (line,) = log_lines(done.stderr)
    assert line["code"] == "CONFIGURATION_INVALID" and says in line["error"] and line["advice"]
    assert "planted-secret" not in done.stderr and "Traceback" not in done.stderr


def test_an_unusable_lake_ends_a_run_with_code_74(tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    done = command("ingest", raw_url=tmp_path / "a-file" / "raw")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (74, "LAKE_UNAVAILABLE")


def test_check_names_what_is_missing(tmp_path: Path) -> None:
    fine = command("check", raw_url=tmp_path / "raw")
    assert (fine.returncode, json.loads(fine.stdout)) == (0, {"source": "ok", "lake": "ok"})
    down = command("check", raw_url=tmp_path / "raw", toy_fault="down")
    assert (down.returncode, json.loads(down.stdout)) == (69, {"source": "SOURCE_UNAVAILABLE", "lake": "ok"})
    assert log_lines(down.stderr)[0]["advice"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_in_order(tmp_path: Path, number: int) -> None:
    settings = environment(raw_url=tmp_path / "raw", toy_gate=tmp_path / "never")
    with subprocess.Popen(
        [sys.executable, str(TOY), "ingest"], env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for(lambda: any((tmp_path / "raw").glob("_staging/fake/*")))
        process.send_signal(number)
        output, log = process.communicate(timeout=30)
    run = json.loads(output)
    assert (process.returncode, run["error"]["code"]) == (75, "RUN_INTERRUPTED")
    assert not list((tmp_path / "raw").glob("_staging/fake/*"))
    assert log_lines(log)[-1]["event"] == "run_failed"


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = command("serve", raw_url=tmp_path / "raw", port=taken.getsockname()[1])
    assert done.returncode == 78
    assert "cannot listen on 127.0.0.1" in log_lines(done.stderr)[0]["error"]


def test_replicas_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    """Processes race for each sequence number; a full run always publishes one batch, under a number of its own."""
    settings = environment(raw_url=tmp_path / "raw")
    racers = [
        subprocess.Popen(
            [sys.executable, str(TOY), "ingest", "--mode", "full"],
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(4)
    ]
    runs = [json.loads(racer.communicate(timeout=60)[0]) for racer in racers]
    assert [run["status"] for run in runs] == ["succeeded"] * 4
    keys = sorted(key for run in runs for key in run["batches"])
    assert keys == [f"{number:020d}" for number in range(1, 5)]
    for run in runs:
        manifest = tmp_path / f"raw/fake/customers/batch={run['batches'][0]}/_manifest.json"
        assert json.loads(manifest.read_text())["run_id"] == run["run_id"]


def test_version_and_help() -> None:
    assert command("--version").stdout == "toy-ingestion 9.8.7\n"
    helped = command("--help")
    assert helped.returncode == 0 and all(name in helped.stdout for name in ("ingest", "serve", "check"))
    assert command("ingest", "--mode", "sideways", raw_url="/r").returncode == 2

"""The command: settings, exit codes, memory."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from csv_world import ROW, World, text_of


def run(world: World, *arguments: str, **settings: str) -> tuple[int, str, str]:
    process = world.command(*arguments, **settings)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_ingest_prints_the_run(world: World) -> None:
    world.drop(text_of(ROW, ROW))
    code, out, err = run(world, "ingest")
    assert code == 0, err
    view = json.loads(out)
    assert (view["source"], view["rows_written"], view["status"]) == ("csv", 2, "succeeded")


def test_full_mode_does_not_exist(world: World) -> None:
    code, _, err = run(world, "ingest", "--mode", "full")
    assert code == 64 and "MODE_NOT_SUPPORTED" in err


def test_check_tries_the_claim(world: World) -> None:
    assert run(world, "check")[0] == 0
    assert world.tree() == []
    world.inbox.joinpath("processing").rmdir()
    world.inbox.joinpath("processing").write_text("in the way")
    code, _, err = run(world, "check")
    assert code == 69 and "SOURCE_UNAVAILABLE" in err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CSV_FALLBACK_ENCODING", "klingon"),
        ("CSV_FALLBACK_ENCODING", "base64"),
        ("CSV_DELIMITERS", ";;"),
        ("CSV_DELIMITERS", "a"),
        ("CSV_DELIMITERS", '"'),
        ("CSV_HEADER_MAP", '{"x": "no_such_column"}'),
        ("CSV_HEADER_MAP", "not json"),
        ("CSV_MAX_BAD_ROWS_SHARE", "2"),
        ("CSV_MIN_AGE_SECONDS", "-1"),
        ("CSV_COMPLETION", "soon"),
        ("CSV_ENCODING", "klingon"),
        ("CSV_ARCHIVE_DAYS", "0"),
        ("CSV_CLAIM_LEASE_SECONDS", "1"),
        ("CSV_INPUT_DIR", "s3://bucket"),
        ("CSV_INPUT_DIR", "abfss://in@account.dfs.core.windows.net/?sig=x"),
    ],
)
def test_a_wrong_setting_is_named(world: World, name: str, value: str) -> None:
    code, _, err = run(world, "check", **{name: value})
    assert code == 78 and name in err and "CONFIGURATION_INVALID" in err


def test_what_was_purged_is_counted_in_the_log(world: World) -> None:
    old = world.inbox / "archive" / "2001" / "02" / "03"
    old.mkdir(parents=True)
    (old / "a.csv").touch()
    code, _, err = run(world, "ingest", CSV_ARCHIVE_DAYS="30")
    assert code == 0 and not old.exists()
    (event,) = (json.loads(line) for line in err.splitlines() if "files_purged" in line)
    assert (event["archived"], event["rejected"]) == (1, 0)


def test_a_tab_alone_may_be_the_delimiter(world: World) -> None:
    world.drop(text_of(ROW, delimiter="\t"), "a.csv")
    assert world.ingest(CSV_DELIMITERS="\t").rows_written == 1
    world.drop(text_of(ROW, ROW, delimiter="\t"), "b.csv")
    assert world.ingest(CSV_DELIMITERS="\\t").rows_written == 2


_MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def peak_memory(world: World) -> int:
    """Peak resident memory of one `ingest`, in MiB, as the kernel counted it."""
    command = [sys.executable, "-c", "from csv_ingestion.interfaces.main import main; main()", "ingest"]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command],
        env={**os.environ, **world.environment()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stderr.splitlines()[-1]) // 1024


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    assert resource.RUSAGE_CHILDREN  # Linux counts in KiB
    peaks = []
    for rows in (10, 300_000):
        (tmp_path / str(rows)).mkdir()
        world = World(tmp_path / str(rows))
        header, row = text_of(ROW).splitlines(keepends=True)
        world.drop(header + row * rows)
        peaks.append(peak_memory(world))
        assert world.manifest()["rows_written"] == rows
    assert peaks[1] < 150
    assert peaks[1] - peaks[0] < 30

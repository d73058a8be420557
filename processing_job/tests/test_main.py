"""The command, as a process: its exit codes, its summary, and what it keeps to itself."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from browser_kit import chromium, faults_of
from java_kit import NEWER, newer_java
from lake_kit import CPFS, SmallLake, record
from unchecked import not_checked

import etl_customers
from etl_customers.main import main, run
from etl_customers.maintenance.main import run as maintain

ROOT = Path(etl_customers.__file__).parent

#: A shell in which someone works with a Spark of his own.
_ANOTHER_SPARK = {"SPARK_HOME": "/nowhere", "PYSPARK_PYTHON": "/nowhere/bin/python"}

FirstRun = tuple[SmallLake, subprocess.CompletedProcess[str]]


def _command(lake: SmallLake, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "etl_customers.main", *lake.options(), *more]
    env = os.environ | _ANOTHER_SPARK | environment
    return subprocess.run(command, capture_output=True, text=True, env=env)


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    """The lake and what the command said, on a newer Java than the other tests if there is one."""
    root = tmp_path_factory.mktemp("first")
    lake = SmallLake(root)
    lake.put("database", record(1), record(2, cpf="5299822472"), record(1))
    done = _command(lake, f"--report={root / 'report.html'}", **newer_java())
    assert done.returncode == 0, done.stderr[-2000:]
    return lake, done


def test_the_first_run_is_on_a_newer_java() -> None:
    if not newer_java():
        not_checked(f"no Java {NEWER} in /usr/lib/jvm, or named by JAVA_HOME_{NEWER}_X64")


def test_a_run_writes_summary_metrics_and_report(first_run: FirstRun) -> None:
    lake, done = first_run
    root = lake.root
    summary = json.loads(Path(done.stdout.strip().splitlines()[-1]).read_text(encoding="utf-8"))
    assert summary["status"] == "succeeded"
    assert summary["reconciliation"] == {
        "read": 3,
        "written": 1,
        "duplicate": 1,
        "stale": 0,
        "quarantined": 1,
        "unaccounted": 0,
    }
    assert summary["sources"]["database"]["masked"] == {"cpf": 2, "email": 2, "credit_card_number": 2}
    assert summary["tables"]["silver.purchases"]["rows"] == 1
    assert summary["sample_customer"] == {}, "a record of a person is shown only if asked for"
    assert summary["lineage"]["batches"] == {f"database/customers/batch={1:020d}": 3}
    assert summary["lineage"]["bronze_versions"] == [0, summary["tables"]["bronze.customers"]["version"]]
    made_from = {edge["table"]: (edge["source"], edge["source_version"]) for edge in summary["lineage"]["edges"]}
    purchases = summary["tables"]["silver.purchases"]["version"]
    assert made_from["silver.purchases"] == ("bronze.customers", summary["tables"]["bronze.customers"]["version"])
    assert made_from["gold.customer_360"] == ("silver.purchases", purchases)
    report = (root / "report.html").read_text(encoding="utf-8")
    assert "<svg" in report and "CPF_LENGTH" in report
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?(?!#)|@import""", report)
    assert "<script" not in report
    key = (root / "token.key").read_text(encoding="utf-8")
    for secret in (*CPFS, "5299822472", "ana.souza", "4111 1111", key):
        assert secret not in report + done.stdout + done.stderr + json.dumps(summary)


def test_a_run_with_nothing_to_do_starts_no_spark(first_run: FirstRun) -> None:
    lake, done = first_run
    again = _command(lake, f"--report={lake.root / 'report.html'}")
    assert again.returncode == 0 and '"nothing_new"' in again.stderr and "Spark" not in again.stderr
    first, idle = (json.loads(Path(run.stdout.splitlines()[-1]).read_text(encoding="utf-8")) for run in (done, again))
    assert idle["run_id"] != first["run_id"] and idle["tables"] == first["tables"]
    assert idle["lineage"] == {"batches": {}, "bronze_versions": None, "edges": first["lineage"]["edges"]}


def test_an_idle_run_has_its_report_beside_the_summary(first_run: FirstRun, capsys: pytest.CaptureFixture[str]) -> None:
    """As of the option without a file; it is the one that the last whole run wrote."""
    lake, _ = first_run
    assert run([*lake.options(), "--run-id=beside", "--report"]) == 0
    assert '"nothing_new"' in capsys.readouterr().err
    page = (lake.root / "runs" / "beside" / "report.html").read_bytes()
    assert page == (lake.root / "report.html").read_bytes()


def test_the_entry_point_returns_when_all_is_well_and_exits_when_not(first_run: FirstRun) -> None:
    """As a wheel task calls it: SystemExit fails a task, and so keeps the next from starting."""
    options = first_run[0].options()
    main(options)
    with pytest.raises(SystemExit) as end:
        main([*options, "--token-key-file=/nowhere"])
    assert end.value.code == 78


def test_a_summary_that_cannot_be_written_is_told_unless_the_run_has_a_fault_of_its_own(
    first_run: FirstRun, capsys: pytest.CaptureFixture[str]
) -> None:
    lake, _ = first_run
    taken = lake.root / "runs" / "taken"
    taken.write_text("no directory", encoding="utf-8")
    for option, code in (("--recheck=false", 74), ("--token-key-file=/nowhere", 78)):
        assert run([*lake.options(), "--run-id=taken", option]) == code
        told = capsys.readouterr()
        assert '"STORAGE_FAILED"' in told.err and "ETL_RUNS_PATH" in told.err and not told.out
    taken.unlink()


def test_the_report_is_sound_in_a_browser(first_run: FirstRun) -> None:
    with chromium() as browser:
        assert faults_of(browser, first_run[0].root / "report.html") == {}


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--token-key-file=/nowhere", "token key file"),
        ("--raw-reader=magic", "ETL_RAW_READER"),
        ("--gold-schema=prod.gold", "give ETL_GOLD_PATH or ETL_GOLD_SCHEMA, and not both"),
    ],
)
def test_wrong_settings_end_with_78_before_anything_is_written(tmp_path: Path, option: str, says: str) -> None:
    lake = SmallLake(tmp_path)
    lake.put("database", record(1))
    done = _command(lake, option)
    assert done.returncode == 78
    assert says in done.stderr
    assert not (tmp_path / "bronze").exists()


@pytest.mark.parametrize("command", [run, maintain], ids=["job", "maintenance"])
def test_a_contract_that_cannot_be_used_is_a_wrong_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: Callable[[list[str]], int]
) -> None:
    lake = SmallLake(tmp_path)
    (tmp_path / "old.yaml").write_text("apiVersion: v2.2.2\n", encoding="utf-8")
    for name, says in (("typo.yaml", "No such file"), ("old.yaml", "apiVersion must be")):
        assert command([*lake.options(), f"--contract-path={tmp_path / name}"]) == 78
        said = capsys.readouterr().err
        assert name in said and says in said and "ETL_CONTRACT_PATH" in said
    assert not (tmp_path / "bronze").exists()


def test_a_source_that_cannot_be_read_ends_with_69_and_says_what_to_do(tmp_path: Path) -> None:
    lake = SmallLake(tmp_path)
    lake.put_text("csv", "other,header\nsecret-value,2\n", rows=1, ending="csv")
    done = _command(lake, "--layer=bronze")
    assert done.returncode == 69
    fault = json.loads(Path(done.stdout.strip().splitlines()[-1]).read_text(encoding="utf-8"))["error"]
    assert fault["code"] == "SOURCE_FAILED" and "batch named in the log" in fault["advice"]
    assert f'"batches": ["csv/{1:020d}"]' in done.stderr
    assert "secret-value" not in done.stdout + done.stderr


def test_no_python_function_ever_sees_a_row() -> None:
    banned = {"udf", "pandas_udf", "arrow_udf", "mapInPandas", "mapInArrow", "applyInPandas", "toPandas", "rdd"}
    for path in ROOT.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        assert not names & banned, path

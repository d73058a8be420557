"""The gate between silver and gold, by the real command over small lakes: held, still held, accepted, gone on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from lake_kit import SmallLake, record

from etl_customers.job import Layer
from etl_customers.main import run
from etl_customers.quality.history import History
from etl_customers.quality.run_metrics import RunMetricsTable

_HELD = 76


def _records(first: int, bad: int) -> list[dict[str, Any]]:
    """A hundred records, of which `bad` have a CPF of ten digits."""
    wrong = [record(n, cpf="5299822472") for n in range(first, first + bad)]
    return wrong + [record(n) for n in range(first + bad, first + 100)]


class Command:
    """The command, run in this process on the tests' session."""

    def __init__(self, lake: SmallLake, capsys: pytest.CaptureFixture[str]) -> None:
        self.lake = lake
        self._capsys = capsys

    def __call__(self, run_id: str, *more: str) -> tuple[int, dict[str, Any]]:
        """Exit code and summary."""
        code = run([*self.lake.options(), f"--run-id={run_id}", *more])
        said = self._capsys.readouterr().out.strip().splitlines()
        return code, json.loads(Path(said[-1]).read_text(encoding="utf-8")) if said else {}

    def history(self) -> History:
        """What the table of metrics holds."""
        return RunMetricsTable(self.lake.job().spark, self.lake.settings.ops).history()


@pytest.fixture
def command(lake: SmallLake, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(lake, capsys)


def test_a_breach_holds_gold_until_it_is_accepted_or_good_rows_come(command: Command, lake: SmallLake) -> None:
    lake.put("database", *_records(0, bad=40))
    code, summary = command("bad")
    assert (code, summary["status"], summary["error"]["code"]) == (_HELD, "held", "QUALITY_BREACHED")
    message = summary["error"]["message"]
    assert "database: quarantined_share is 40.0 percent, must be < 25 (rule quarantined_share, run bad)" in message
    assert "--accept-quality" in summary["error"]["advice"] and "5299822472" not in json.dumps(summary)
    verdicts = {(v["rule"], v["source"]): v["outcome"] for v in summary["quality"]}
    assert verdicts["cpf_invalid_share", "database"] == "breached"
    assert verdicts["arrival_age", "database"] == "passed"
    assert verdicts["quarantined_share", "csv"] == "not_judged"
    assert summary["reconciliation"]["written"] == 60, "silver is committed"
    assert not any(table.exists() for table in lake.job().tables() if table.name.startswith("gold."))
    assert command("idle")[0] == _HELD, "nothing new must not let it pass"
    assert command("late", "--layer=gold")[0] == _HELD, "nor may a run of gold alone, which can be accepted as well"
    _assert_that_breach_alone_can_be_accepted(command, lake)
    lake.put("database", *_records(200, bad=1))
    code, summary = command("good")
    assert (code, summary["status"], summary["error"]) == (0, "succeeded", None)
    purchases = sum(row["purchases"] for row in summary["months"])
    assert purchases == 60 + 60 + 99, "gold takes all that was pending"


def _assert_that_breach_alone_can_be_accepted(command: Command, lake: SmallLake) -> None:
    code, summary = command("typo", "--accept-quality=bda")
    assert code == 78 and "runs with open breaches: late" in summary["error"]["message"]
    code, summary = command("trusting", "--accept-quality=late")
    assert code == 0 and sum(row["purchases"] for row in summary["months"]) == 60
    assert {v["outcome"] for v in summary["quality"] if v["severity"] == "error"} == {"accepted", "not_judged"}
    lake.put("database", *(record(n) for n in range(60, 70)))
    shutil.rmtree(lake.job().purchases.address.text)
    assert command("anew")[0] == 0, "bronze read from its beginning: what was judged is not judged again"
    assert command.history().steps[-1].sources["database"].read == 10
    lake.put("database", *_records(100, bad=40))
    assert command("again", "--accept-quality=late")[0] == _HELD, "an option left in place accepts nothing new"


def test_figures_are_recorded_once_and_survive_a_crash_before_the_gate(command: Command, lake: SmallLake) -> None:
    lake.put("database", *_records(0, bad=40))
    job = lake.job()
    job._bronze_load().run()
    job._silver_load().run()  # and here the process dies: silver has committed, nobody has judged
    assert command("gold-alone", "--layer=gold")[0] == _HELD
    (step,) = command.history().steps
    assert (step.run_id, step.sources["database"].read, step.sources["database"].quarantined) == (job.run_id, 100, 40)
    before = len(command.history().metrics)
    assert command("gold-alone", "--layer=gold")[0] == _HELD, "a retry under the same run id"
    assert len(command.history().metrics) == before
    assert command("retry", "--layer=silver")[0] == _HELD
    (step,) = command.history().steps
    assert step.sources["database"].invalid("cpf") == 40


def test_each_run_is_on_record_with_what_was_expected(command: Command, lake: SmallLake) -> None:
    lake.put("database", *_records(0, bad=12))
    assert command("dirty")[0] == 0, "a warning holds nothing"
    assert command("idle", "--layer=silver")[0] == 0
    rows = lake.job().spark.read.format("delta").load(f"{lake.settings.silver_path}/_ops/run_metrics").collect()
    figures = {(r["run_id"], r["measure"], r["detail"]): r["value"] for r in rows if r["unit"] == "rows"}
    assert figures["dirty", "read", None] == 100 and figures["dirty", "quarantined", "CPF_LENGTH (cpf)"] == 12
    assert figures["dirty", "masked", "email"] == 100
    assert not [key for key in figures if key[0] == "idle"]
    verdicts = {(r["run_id"], r["rule"], r["source"]): r for r in rows if r["rule"]}
    warned = verdicts["dirty", "quarantined_share_high", "database"]
    assert (warned["outcome"], warned["value"], warned["threshold"]) == ("warned", 12.0, "< 10")
    assert (warned["layer"], warned["since"], warned["silver_version"]) == ("silver", "dirty", 1)
    assert verdicts["idle", "arrival_age", "database"]["outcome"] == "passed"
    assert verdicts["idle", "volume", "database"]["outcome"] == "not_judged"
    assert len(verdicts) == sum(bool(r["rule"]) for r in rows), "one row a run, rule and source"
    assert lake.run(Layer.GOLD).quality.fault() is None

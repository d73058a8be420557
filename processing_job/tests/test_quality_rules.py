"""What a rule says over a row of runs: small batches, first runs, idle runs, breaches and their acceptance."""

from __future__ import annotations

from typing import Any

import pytest
from customer_contract import QualityRule

from etl_customers.modules.silver.counts import SourceCounts
from etl_customers.quality.history import History, Step
from etl_customers.quality.judge import Judge
from etl_customers.quality.metric import Metric

_HOUR = 3600
_SHARE: dict[str, Any] = {"name": "share", "severity": "error", "measure": "quarantined_share", "minimum_rows": 100}
_VOLUME: dict[str, Any] = {"name": "volume", "severity": "warning", "measure": "volume", "at_least": 20}
_ARRIVAL: dict[str, Any] = {"name": "arrival", "severity": "error", "measure": "arrival_age", "less_than": 24}


class Runs:
    """Runs an hour apart that judge one source by one rule; each sees what was recorded before."""

    def __init__(self, **rule: Any) -> None:
        self.rule = QualityRule(**rule)
        self.metrics: list[Metric] = []
        self.count = 0

    def run(self, rows: int = 0, bad: int = 0, accept: str | None = None, **reasons: int) -> tuple[str, float | None]:
        """One run that reads `rows`, of which `bad` go to quarantine; returns outcome and value."""
        self.count += 1
        now = float(self.count * _HOUR)
        steps = []
        if rows:
            counts = SourceCounts(read=rows, written=rows - bad, quarantined=bad, newest_arrival=now)
            counts.reasons = {f"RULE ({column})": n for column, n in reasons.items()}
            steps = [Step(f"r{self.count}", now, self.count, {"csv": counts})]
        return self.judge(steps, f"r{self.count}", now, accept)

    def judge(self, steps: list[Step], run_id: str, now: float, accept: str | None = None) -> tuple[str, float | None]:
        """Judge those steps and record what is new, as the gate does."""
        history = History(self.metrics)
        judge = Judge((self.rule,), ("csv",), history, steps, run_id, now, accept)
        (verdict,) = judge.verdicts()
        newest = judge.newest("newest_arrival", "csv")
        fresh = [metric for step in steps for metric in step.metrics()] + [verdict]
        if newest is not None:
            fresh.append(Metric(run_id, now, "bronze", "csv", "newest_arrival", None, newest, "epoch_seconds"))
        self.metrics += [metric for metric in fresh if metric.key not in history.recorded]
        assert verdict.outcome
        return verdict.outcome, verdict.value


def _step(run_id: str, version: int, rows: int = 1000, bad: int = 0) -> Step:
    """A commit of silver at as many hours as its version."""
    counts = SourceCounts(read=rows, written=rows - bad, quarantined=bad)
    return Step(run_id, float(version * _HOUR), version, {"csv": counts})


def test_a_share_is_judged_once_there_are_enough_rows() -> None:
    runs = Runs(**_SHARE, less_than=25)
    assert runs.run(3, 2) == ("not_judged", None), "two of three rows say nothing"
    assert runs.run(97, 8) == ("passed", 10.0), "together they do"
    assert runs.run(100, 25) == ("breached", 25.0)


def test_many_small_batches_are_judged_together() -> None:
    runs = Runs(**_SHARE, less_than=25)
    outcomes = [runs.run(10, 4)[0] for _ in range(11)]
    assert outcomes == ["not_judged"] * 9 + ["breached"] * 2


def test_a_breach_stays_open_without_news_and_closes_by_good_rows() -> None:
    runs = Runs(**_SHARE, less_than=25)
    assert runs.run(1000, 500) == ("breached", 50.0)
    assert runs.run() == ("breached", 50.0), "an idle run must not pass in silence"
    assert runs.run(5)[0] == "breached", "nor may five good rows"
    assert runs.run(200, 2) == ("passed", 1.0)
    assert runs.run() == ("not_judged", None)


def test_an_accepted_breach_is_not_held_against_the_source_again() -> None:
    runs = Runs(**_SHARE, less_than=25)
    runs.run(1000, 500)
    assert runs.run()[0] == "breached"
    assert runs.run(accept="r2")[0] == "accepted", "a later run that reports the same breach may be named, too"
    assert runs.run()[0] == "accepted"
    assert runs.run(10, 1)[0] == "accepted", "too few to judge, and the accepted rows do not count again"
    assert runs.run(100, 60)[0] == "breached", "but what came after does"


def test_small_batches_after_an_acceptance_still_add_up() -> None:
    runs = Runs(**_SHARE, less_than=25)
    runs.run(1000, 500)
    runs.run(accept="r1")
    assert [runs.run(25, 20)[0] for _ in range(4)] == ["accepted"] * 3 + ["breached"]


def test_acceptance_does_not_reach_what_the_same_run_brings() -> None:
    runs = Runs(**_SHARE, less_than=25)
    runs.run(1000, 500)
    assert runs.run(1000, 900, accept="r1") == ("breached", 90.0)


def test_a_run_id_that_is_used_again_does_not_let_new_rows_pass() -> None:
    """By the day, or the same for ever: what was accepted is known by its rows, not by the name of its run."""
    runs = Runs(**_SHARE, less_than=25)
    assert runs.judge([_step("day", 5, bad=500)], "day", 6 * _HOUR) == ("breached", 50.0)
    assert runs.judge([_step("day", 7, bad=900)], "day", 8 * _HOUR, accept="day") == ("breached", 90.0)
    assert runs.judge([], "day", 9 * _HOUR, accept="day") == ("accepted", 90.0)
    assert runs.judge([_step("day", 10, rows=50, bad=50)], "day", 11 * _HOUR) == ("accepted", 90.0), "too few to judge"
    assert runs.judge([_step("day", 12, rows=50, bad=40)], "day", 13 * _HOUR) == ("breached", 90.0)
    assert runs.judge([_step("day", 14, bad=10)], "day", 15 * _HOUR) == ("passed", 1.0)


def test_an_acceptance_does_not_reach_into_silver_made_anew() -> None:
    runs = Runs(**_SHARE, less_than=25)
    runs.judge([_step("day", 5, bad=500)], "day", 6 * _HOUR)
    assert runs.judge([], "day", 7 * _HOUR, accept="day")[0] == "accepted"
    anew = Step("day", 8.0 * _HOUR, 1, _step("day", 8, bad=900).sources)
    assert runs.judge([anew], "day", 9 * _HOUR) == ("breached", 90.0), "though its versions count from 0 again"


def test_a_corrected_contract_settles_an_open_breach() -> None:
    runs = Runs(**_SHARE, less_than=25)
    runs.run(1000, 500)
    runs.rule = QualityRule(**_SHARE, less_than=60)
    assert runs.run() == ("passed", 50.0)


@pytest.mark.parametrize(("severity", "outcome"), [("warning", "warned"), ("error", "breached")])
def test_severity_decides_between_reporting_and_holding(severity: str, outcome: str) -> None:
    assert Runs(**_SHARE | {"severity": severity}, less_than=25).run(100, 30)[0] == outcome


def test_a_column_is_judged_by_its_own_reasons() -> None:
    runs = Runs(**_SHARE | {"measure": "invalid_share", "column": "cpf"}, less_than=15)
    assert runs.run(100, 90, email=80, cpf=10) == ("passed", 10.0)


def test_volume_is_compared_with_the_median_of_the_runs_before() -> None:
    runs = Runs(**_VOLUME, less_than=500, runs=3, minimum_runs=3)
    assert [runs.run(rows)[0] for rows in (50_000, 100, 120)] == ["not_judged"] * 3
    assert runs.run(110) == ("passed", 91.667), "one great first load does not shift the median"
    assert runs.run() == ("not_judged", None), "no rows are freshness's business"
    assert runs.run(2)[0] == "warned"
    assert runs.run(5000)[0] == "warned"


def test_volume_of_a_trickle_is_not_judged() -> None:
    runs = Runs(**_VOLUME, less_than=500, minimum_runs=3, minimum_rows=100)
    assert [runs.run(rows)[0] for rows in (5, 4, 5, 60, 1)] == ["not_judged"] * 5


def test_freshness_is_judged_in_idle_runs_and_never_of_a_source_that_never_came() -> None:
    runs = Runs(**_ARRIVAL)
    assert runs.run() == ("not_judged", None)
    assert runs.run(10) == ("passed", 0.0)
    outcomes = [runs.run() for _ in range(25)]
    assert outcomes[22] == ("passed", 23.0) and outcomes[23] == ("breached", 24.0)
    assert runs.run(accept="r27")[0] == "accepted"
    assert runs.run()[0] == "accepted", "still the same silence"
    assert runs.run(1)[0] == "passed"


def test_a_repeated_run_records_nothing_twice() -> None:
    runs = Runs(**_SHARE, less_than=25)
    assert runs.run(1000, 10) == ("passed", 1.0)
    recorded = list(runs.metrics)
    assert runs.judge([], "r1", 5000.0) == ("passed", 1.0)
    assert runs.metrics == recorded


def test_a_step_that_was_never_judged_is_found_by_the_next_run() -> None:
    runs = Runs(**_SHARE, less_than=25)
    runs.run(1000, 10)
    lost = Step("lost", 4000.0, 2, {"csv": SourceCounts(read=1000, quarantined=900)})
    known = Step("r1", 3600.0, 1, {"csv": SourceCounts(read=1000, quarantined=10)})
    assert [step.run_id for step in (known, lost) if History(runs.metrics).lacks(step)] == ["lost"]
    assert runs.judge([lost], "r2", 5000.0) == ("breached", 90.0)
    assert not History(runs.metrics).lacks(lost)

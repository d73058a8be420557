"""Alerts and dashboards ask for metrics that the services really expose, with labels and states that exist."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cdp_terraform import ROOT, TERRAFORM
from ingestion_kernel.domain.run import END_STATES
from ingestion_kernel.infrastructure.telemetry.prometheus import PrometheusTelemetry

DASHBOARDS = sorted((ROOT / "assets" / "dashboards").glob("*.json"))
#: Of kube-state-metrics and the process collector; everything else must be ours.
OTHERS = re.compile(r"(kube_(deployment_status_replicas_available|pod_container_status_waiting_reason|pod_container_status_last_terminated_reason|job_status_failed|node_status_condition)|process_resident_memory_bytes)")
WORDS = {"sum", "max", "by", "increase", "rate", "unless", "time", "max_over_time", "histogram_quantile", "le", "source"}


def _exposed() -> tuple[set[str], set[str]]:
    text = PrometheusTelemetry("database", "1.0.0").exposition().decode()
    names = {re.split(r"[{ ]", line)[0] for line in text.splitlines() if not line.startswith("#")}
    # a histogram's and a labelled counter's series appear with their first event
    names |= {"ingestion_run_duration_seconds_bucket", "ingestion_errors_total"} & _declared(text)
    return names, set(re.findall(r"(\w+)=\"", text)) | {"code"}


def _declared(text: str) -> set[str]:
    found = set()
    for name, kind in re.findall(r"# TYPE (\w+) (\w+)", text):
        found |= {f"{name}_bucket"} if kind == "histogram" else {name}
    return found


def _alert_expressions() -> list[str]:
    text = (TERRAFORM / "modules" / "alerts" / "services.tf").read_text(encoding="utf-8")
    found = re.findall(r"expression\s+= \"(.*)\"$", text, flags=re.MULTILINE)
    assert len(found) == 10
    return [re.sub(r"\$\{[^}]+\}", "1", one).replace('\\"', '"') for one in found]


def _panels(path: Any) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))["panels"]  # type: ignore[no-any-return]


def _dashboard_expressions() -> list[str]:
    return [target["expr"] for path in DASHBOARDS for panel in _panels(path) for target in panel["targets"] if "expr" in target]


@pytest.mark.parametrize("expression", [*_alert_expressions(), *_dashboard_expressions()])
def test_metrics_exist(expression: str) -> None:
    names, labels = _exposed()
    without_text = re.sub(r"\"[^\"]*\"", "", expression)
    used = set(re.findall(r"\b((?:ingestion|kube|process|up)_\w+)\b", without_text))
    assert used, expression
    assert not [name for name in used if name not in names and not OTHERS.fullmatch(name)]
    for body in re.findall(r"\b(ingestion_\w+)\{([^}]*)\}", expression):
        assert set(re.findall(r"(\w+)\s*=", body[1])) <= labels
    states = {state.value for state in END_STATES}
    for value in re.findall(r"status=~?\"(?!true)([^\"]+)\"", expression):
        assert set(value.split("|")) <= states


def test_a_misspelt_metric_is_found() -> None:
    with pytest.raises(AssertionError):
        test_metrics_exist("sum(ingestion_rows_writen_total)")
    with pytest.raises(AssertionError):
        test_metrics_exist('ingestion_runs_total{status="succeded"}')


def test_the_dashboard_shows_all_our_metrics() -> None:
    names, _ = _exposed()
    text = " ".join(_dashboard_expressions()) + json.dumps([json.loads(p.read_text()) for p in DASHBOARDS])
    ours = {name for name in names if name.startswith("ingestion_") and not name.endswith(("_created", "_sum", "_count"))}
    assert not [name for name in ours if name not in text]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_dashboards_are_whole(path: Any) -> None:
    board = json.loads(path.read_text(encoding="utf-8"))
    assert board["uid"].startswith("cdp-") and board["title"]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)) > 3
    for panel in board["panels"]:
        assert panel["title"] and panel["targets"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24

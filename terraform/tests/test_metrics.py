"""Alerts and dashboards ask for metrics, log events and fields that the services really have."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from cdp_terraform import ROOT, TERRAFORM
from ingestion_kernel.domain.run import END_STATES
from ingestion_kernel.infrastructure.telemetry.prometheus import PrometheusTelemetry

DASHBOARDS = sorted((ROOT / "assets" / "dashboards").glob("*.json"))
#: Of kube-state-metrics, what Managed Prometheus keeps without a settings ConfigMap: its minimal ingestion profile,
#: learn.microsoft.com/azure/azure-monitor/containers/prometheus-metrics-scrape-configuration-minimal. It drops others,
#: and an alert on one never fires. A name that is new here must be on that page.
KEPT = (
    r"kube_(deployment_status_replicas_available|job_failed|node_status_condition"
    r"|pod_container_status_last_terminated_reason|pod_container_status_restarts_total"
    r"|pod_container_status_waiting_reason)"
)
#: Beside ours; the process collector's comes from the services' own pods, which the profile does not filter.
OTHERS = re.compile(rf"{KEPT}|process_resident_memory_bytes")


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
    assert len(found) == 6
    return [re.sub(r"\$\{[^}]+\}", "1", one).replace("'", '"') for one in found]


def _panels(path: Any) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))["panels"]  # type: ignore[no-any-return]


def _dashboard_expressions() -> list[str]:
    return [
        target["expr"]
        for path in DASHBOARDS
        for panel in _panels(path)
        for target in panel["targets"]
        if "expr" in target
    ]


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


def test_an_alert_on_a_containers_last_end_is_one_on_servers() -> None:
    """kube-state-metrics sets it when the container is started again in its pod; a scheduled run's never is."""
    text = (ROOT / "helm" / "cdp-lib" / "templates" / "_cronjob.tpl").read_text(encoding="utf-8")
    assert "restartPolicy: Never" in text
    rules = (TERRAFORM / "modules" / "alerts" / "services.tf").read_text(encoding="utf-8")
    (told,) = re.findall(r"last_terminated_reason\{.*?description = \"(.*?)\"", rules, flags=re.DOTALL)
    assert "server" in told and "KubeJobFailed" in told
    # it is set as long as the pod lives, so something else has to end the alert
    (asked,) = (one for one in _alert_expressions() if "last_terminated_reason" in one)
    assert "increase(kube_pod_container_status_restarts_total" in asked


def test_a_misspelt_metric_is_found() -> None:
    with pytest.raises(AssertionError):
        test_metrics_exist("sum(ingestion_rows_writen_total)")
    with pytest.raises(AssertionError):
        test_metrics_exist('ingestion_runs_total{status="succeded"}')


def test_the_dashboard_shows_all_our_metrics() -> None:
    names, _ = _exposed()
    text = " ".join(_dashboard_expressions()) + json.dumps([json.loads(p.read_text()) for p in DASHBOARDS])
    ours = {
        name for name in names if name.startswith("ingestion_") and not name.endswith(("_created", "_sum", "_count"))
    }
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


_LOGGED = """
from datetime import UTC, datetime
from ingestion_kernel.domain.batch import Mode
from ingestion_kernel.domain.run import Run, RunError
from ingestion_kernel.infrastructure.logging.setup import configure_logging
from ingestion_kernel.infrastructure.telemetry.log import LogTelemetry

configure_logging("database-ingestion", "INFO")
for error in (None, RunError("SOURCE_UNAVAILABLE", "away", "wait")):
    run = Run("r", "database", Mode.INCREMENTAL, datetime.now(UTC), error=error)
    LogTelemetry().run_started(run)
    LogTelemetry().run_ended(run, None)
"""


@pytest.fixture(scope="module")
def logged() -> list[dict[str, Any]]:
    """The lines that a run that succeeds and one that fails leave, by the services' own logging."""
    done = subprocess.run([sys.executable, "-c", _LOGGED], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()]


def _log_queries() -> list[str]:
    text = (TERRAFORM / "modules" / "alerts" / "runs.tf").read_text(encoding="utf-8")
    alerts = re.findall(r"(?:query|runs)\s+= \"(.*)\"$", text, flags=re.MULTILINE)
    assert len(alerts) == 6
    panels = [panel for path in DASHBOARDS for panel in _panels(path)]
    asked = [
        target["azureLogAnalytics"]["query"] for panel in panels for target in panel["targets"] if "queryType" in target
    ]
    return [*alerts, *(query for query in asked if "ContainerLogV2" in query)]


@pytest.mark.parametrize("query", _log_queries())
def test_log_events_and_fields_exist(query: str, logged: list[dict[str, Any]]) -> None:
    events = {line["event"] for line in logged} | {"run_cancelled"}
    assert set(re.findall(r"'(run_\w+)'", query)) <= events
    ended = [line for line in logged if line["event"] in ("run_succeeded", "run_failed")]
    fields = set.union(*(set(line) for line in ended))
    assert set(re.findall(r"\bline\.(\w+)", query)) <= fields
    assert all(line["source"] == "database" for line in ended)

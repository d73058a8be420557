"""The bundle: of the types that Databricks publishes, and true to the command that it runs.

The job has never been deployed; these tests hold what can be known without a workspace.
"""

from __future__ import annotations

import re
from importlib.metadata import entry_points, requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks.bundles.jobs import Job

from etl_customers.config.settings import JobSettings, RawReaderKind, SessionKind
from etl_customers.main import _parser

HERE = Path(__file__).resolve().parents[1]
BUNDLE: dict[str, Any] = yaml.safe_load((HERE / "databricks.yml").read_text(encoding="utf-8"))
RESOURCES = [path for pattern in BUNDLE["include"] for path in HERE.glob(pattern)]
(JOB,) = (yaml.safe_load(path.read_text(encoding="utf-8"))["resources"]["jobs"]["etl_customers"] for path in RESOURCES)
CLUSTER = JOB["job_clusters"][0]["new_cluster"]
TASKS = {task["task_key"]: task for task in JOB["tasks"]}
TARGETS = ("dev", "pre", "prod")
_REFERENCE = re.compile(r"\$\{([\w.]+)\}")


def test_the_job_is_of_the_published_types() -> None:
    """Unknown fields and values that no enumeration has are refused there."""
    job = Job.from_dict(JOB)
    assert job.as_dict() == JOB, "nothing lost, nothing of another type"


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (("tasks", 0), {"max_retry": 2}),
        (("job_clusters", 0, "new_cluster"), {"data_security_mode": "SHARED"}),
        (("schedule",), {"pause_status": "STOPPED"}),
    ],
)
def test_a_wrong_field_or_value_would_be_noticed(place: tuple[Any, ...], wrong: dict[str, Any]) -> None:
    job = yaml.safe_load(yaml.safe_dump(JOB))
    part = job
    for step in place:
        part = part[step]
    part |= wrong
    with pytest.raises(
        ValueError, match=re.escape(next(iter(wrong)) if "max_retry" in wrong else str(*wrong.values()))
    ):
        Job.from_dict(job)


def test_the_top_level_has_only_what_bundles_know() -> None:
    """Source: https://docs.databricks.com/dev-tools/bundles/reference"""
    assert BUNDLE.keys() == {"bundle", "include", "artifacts", "workspace", "variables", "targets"}
    assert BUNDLE["workspace"].keys() == {"artifact_path"}
    assert BUNDLE["targets"].keys() == set(TARGETS)
    for name, target in BUNDLE["targets"].items():
        assert target.keys() <= {"mode", "default", "variables"}, name
        assert target["mode"] == ("development" if name == "dev" else "production")
        assert target["variables"].keys() <= BUNDLE["variables"].keys()
    for name, variable in BUNDLE["variables"].items():
        assert variable["description"] and variable.keys() <= {"description", "default"}, name


def test_every_variable_is_declared_and_used() -> None:
    used = {name for text in _texts(JOB) for name in _REFERENCE.findall(text)}
    assert used == {f"var.{name}" for name in BUNDLE["variables"]} | {"bundle.target"}


def test_gold_waits_for_silver_and_silver_for_bronze() -> None:
    waits = {key: [on["task_key"] for on in task.get("depends_on", [])] for key, task in TASKS.items()}
    assert waits == {"bronze": [], "silver": ["bronze"], "gold": ["silver"]}
    assert TASKS["silver"]["run_if"] == TASKS["gold"]["run_if"] == "ALL_SUCCESS", "a failed silver stops gold"
    assert {key: task["max_retries"] for key, task in TASKS.items()} == {"bronze": 2, "silver": 0, "gold": 0}
    assert JOB["max_concurrent_runs"] == 1


def test_somebody_hears_of_a_failed_or_slow_run() -> None:
    (rule,) = JOB["health"]["rules"]
    assert (rule["metric"], rule["op"]) == ("RUN_DURATION_SECONDS", "GREATER_THAN")
    assert 0 < rule["value"] < JOB["timeout_seconds"], "told of before it is ended"
    address = ["${var.notification_address}"]
    mails = JOB["email_notifications"]
    assert mails == {"on_failure": address, "on_duration_warning_threshold_exceeded": address}


def test_the_schedule_is_paused_in_dev_only() -> None:
    assert JOB["schedule"]["pause_status"] == "${var.schedule_status}"
    assert {target: _value("schedule_status", target) for target in TARGETS} == {
        "dev": "PAUSED",
        "pre": "UNPAUSED",
        "prod": "UNPAUSED",
    }


def test_the_cluster_is_of_the_runtime_and_fit_for_unity_catalog() -> None:
    assert CLUSTER["spark_version"] == "17.3.x-scala2.13"
    assert CLUSTER["data_security_mode"] in ("SINGLE_USER", "USER_ISOLATION"), "the others cannot reach Unity Catalog"
    assert CLUSTER["policy_id"] == "${var.cluster_policy_id}" and "num_workers" not in CLUSTER
    for target in TARGETS:
        least, most = (_value(_REFERENCE.findall(text)[0][4:], target) for text in CLUSTER["autoscale"].values())
        assert 1 <= least < most, target
    assert JOB["run_as"] == {"service_principal_name": "${var.run_as_service_principal}"}
    assert {task["job_cluster_key"] for task in JOB["tasks"]} == {JOB["job_clusters"][0]["job_cluster_key"]}


def test_each_task_is_the_command_with_options_that_it_has() -> None:
    defaults = {parameter["name"]: parameter["default"] for parameter in JOB["parameters"]}
    assert all(isinstance(value, str) for value in defaults.values())
    for key, task in TASKS.items():
        wheel = task["python_wheel_task"]
        assert wheel["package_name"] == "etl-customers"
        (point,) = entry_points(group="console_scripts", name=wheel["entry_point"])
        assert point.value == "etl_customers.main:main"
        options = [_as_run(option, defaults) for option in wheel["parameters"]]
        arguments = _parser().parse_args(options)  # ends the test if it knows an option not
        assert (arguments.layer, arguments.run_id, arguments.accept_quality) == (key, "17", None)
    asked = {
        name for task in JOB["tasks"] for text in _texts(task) for name in re.findall(r"job\.parameters\.(\w+)", text)
    }
    assert asked == defaults.keys()


@pytest.mark.parametrize("target", TARGETS)
def test_the_environment_makes_whole_settings(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = {
        name for name in CLUSTER["spark_env_vars"] if name.removeprefix("ETL_").lower() not in JobSettings.model_fields
    }
    assert not unknown
    for name, value in CLUSTER["spark_env_vars"].items():
        monkeypatch.setenv(name, _REFERENCE.sub(lambda found: _value(found[1][4:], target), value))
    settings = JobSettings()  # type: ignore[call-arg]
    assert (settings.session, settings.raw_reader) == (SessionKind.AMBIENT, RawReaderKind.AUTO_LOADER)
    assert settings.silver.table("purchases").text == f"`{target}`.`silver`.`purchases`"
    assert settings.ops.table("run_metrics").text == f"`{target}`.`ops`.`run_metrics`"
    for path in (settings.raw_path, settings.checkpoints, str(settings.runs_path)):
        assert path.startswith(f"/Volumes/{target}/"), "what is no table is in a volume"
    assert (settings.token_key_scope, settings.token_key_file) == (f"etl-customers-{target}", None)


def test_the_tasks_run_the_wheels_that_the_bundle_builds() -> None:
    (artifact,) = BUNDLE["artifacts"].values()
    assert artifact["type"] == "whl" and artifact["files"] == [{"source": "dist/*.whl"}]
    assert artifact["build"].endswith("pip wheel --quiet --no-deps --wheel-dir dist ../contracts .")
    for task in JOB["tasks"]:
        assert [library["whl"] for library in task["libraries"]] == [
            "../dist/customer_contract-*.whl",
            "../dist/etl_customers-*.whl",
        ]


def test_the_wheel_brings_no_spark_and_asks_no_registry_for_our_contract() -> None:
    always = [need for need in requires("etl-customers") or [] if "extra ==" not in need]
    assert always and not [need for need in always if need.startswith(("pyspark", "delta", "customer"))]


def test_no_secret_stands_in_the_bundle() -> None:
    """The scope and the name of the secret do; its value is read by the job, never by Spark's configuration."""
    settings = {name for name in JobSettings.model_fields if "key" in name}
    assert settings == {"token_key_file", "token_key_scope", "token_key_name", "token_key_id"}
    texts = [text for document in (BUNDLE, JOB) for text in _texts(document)]
    assert not [
        text for text in texts if re.search(r"\{\{secrets/|dapi[0-9a-f]|[0-9a-fA-F]{32}|[A-Za-z0-9+/]{40}", text)
    ]


def _value(name: str, target: str) -> Any:
    """The variable's value; a marker where whoever deploys gives it."""
    given = BUNDLE["targets"][target]["variables"]
    return given[name] if name in given else BUNDLE["variables"][name].get("default", f"given-{name}")


def _as_run(option: str, defaults: dict[str, str]) -> str:
    """The option as the platform hands it over."""
    option = option.replace("{{job.run_id}}", "17")
    return re.sub(r"\{\{job\.parameters\.(\w+)\}\}", lambda found: defaults[found[1]], option)


def _texts(part: Any) -> list[str]:
    if isinstance(part, dict):
        return [text for value in part.values() for text in _texts(value)]
    if isinstance(part, list):
        return [text for value in part for text in _texts(value)]
    return [str(part)]

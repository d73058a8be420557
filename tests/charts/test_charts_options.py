"""What values switch on and off, what the schema refuses, and that services understand what charts give them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from charts import ENVIRONMENTS, ROOT, SERVICES, Charts, chart_folder, of_kind, only, pod_specs, release_of
from ingestion_kernel.infrastructure.config.settings import load_settings
from ingestion_kernel.interfaces import schemas
from secret_mount import SecretMount

sys.path.append(str(ROOT / "scripts"))

from chart_schemas import SETTINGS, schema_file, schema_text  # noqa: E402

EACH = [(service, environment) for service in SERVICES for environment in ENVIRONMENTS]
SECRETS = {
    "service_token": "token-of-the-tests-0123",
    "database_url": "postgresql://ingest:p@db.example/shop",
    "api_key": "key",
    "applicationinsights_connection_string": "InstrumentationKey=00000000-0000-0000-0000-000000000000",
}


@pytest.mark.parametrize("service", SERVICES)
def test_the_schemas_are_as_their_source_makes_them(service: str) -> None:
    assert schema_file(service).read_text(encoding="utf-8") == schema_text(service), "run make charts"


@pytest.mark.parametrize(("service", "environment"), EACH)
def test_the_service_understands_its_settings(
    charts: Charts, service: str, environment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ConfigMap as its environment, the vault's files as its secrets: then it must start."""
    data = only(charts.objects(service, environment), "ConfigMap")["data"]
    values = yaml.safe_load((chart_folder(service) / "values.yaml").read_text(encoding="utf-8"))
    mount = SecretMount(tmp_path / "secrets", **{name: SECRETS[name] for name in values["secrets"]["objects"]})
    for name, value in {**data, "HOST": "0.0.0.0", "SECRETS_DIR": str(mount.root)}.items():
        monkeypatch.setenv(name, value)
    loaded = load_settings(SETTINGS[service])
    assert loaded.host == "0.0.0.0" and loaded.service_token and loaded.stop_timeout_seconds == 20
    unknown = {name for name in data if name.lower() not in SETTINGS[service].model_fields} - {"SECRETS_DIR"}
    assert not unknown, "the service would not read them"


def test_settings_of_every_kind_arrive_as_they_are_meant(
    charts: Charts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "PART_MAX_BYTES": 134217728,
        "DB_COLUMN_MAP": {"document": "cpf"},
        "DB_CURSOR_TIE_BREAKER": ["id", "line"],
        "DB_ALLOW_PLAINTEXT": True,
        "DB_WRITER_WAIT_SECONDS": 0.5,
    }
    sets = {f"settings__{name}": value for name, value in given.items()}
    data = only(charts.objects("database", "dev", **sets), "ConfigMap")["data"]
    monkeypatch.setenv("SECRETS_DIR", str(SecretMount(tmp_path / "secrets", **SECRETS).root))
    for name in (*given, "RAW_URL", "DB_TABLE"):
        monkeypatch.setenv(name, data[name])
    loaded = load_settings(SETTINGS["database"]).model_dump()
    expected = given | {"DB_CURSOR_TIE_BREAKER": ("id", "line")}
    assert {name: loaded[name.lower()] for name in given} == expected


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("image__digest", "latest", "image/digest"),
        ("image__repository", "cdp.azurecr.io/csv:1.0", "image/repository"),
        ("image__tag", "1.0", "'tag' not allowed"),
        ("replicaCount", 0, "replicaCount"),
        ("workloadIdentity__clientId", "me", "workloadIdentity/clientId"),
        ("workloadIdentity__tokenExpirationSeconds", 60, "tokenExpirationSeconds"),
        ("resources__limits__memory", "1T", "resources/limits/memory"),
        ("settings__SERVICE_TOKEN", "a-token-0123456789", "'SERVICE_TOKEN' not allowed"),
        ("settings__HOST", "0.0.0.0", "'HOST' not allowed"),
        ("settings__CSV_ARCHIVE_DAYS", 0, "settings/CSV_ARCHIVE_DAYS"),
        ("settings__CSV_COMPLETION", "soon", "settings/CSV_COMPLETION"),
        ("settings__DB_TABLE", "public.customers", "'DB_TABLE' not allowed"),
        ("settings__CSV_INPUT_DIR", "https://me:secret@example.org/x", "settings/CSV_INPUT_DIR"),
        ("secrets__objects", {"api_key": "x"}, "secrets"),
        ("secrets__provider", "kubernetes", "secrets"),
        ("secrets__keyVaultName", "a vault", "secrets/keyVaultName"),
        ("networkPolicy__egress__lake", None, "lake"),
        ("networkPolicy__egress__lake__cidrs", [], "cidrs"),
        ("networkPolicy__egress__lake__cidrs", ["lake.example.org"], "cidrs"),
        ("cronJob__schedule", "hourly", "cronJob/schedule"),
        ("cronJob__concurrencyPolicy", "Allow", "'concurrencyPolicy' not allowed"),
        ("volumes__inbox", {"mountPath": "/data/inbox"}, "volumes/inbox"),
        ("volumes__inbox", {"mountPath": "/etc", "existingClaim": "inbox"}, "volumes/inbox"),
        ("volumes__secrets", {"mountPath": "/data/x", "existingClaim": "x"}, "propertyName 'secrets'"),
        ("files", {"key.pem": "-----BEGIN PRIVATE KEY-----"}, "files"),
        ("hostNetwork", True, "'hostNetwork' not allowed"),
    ],
)
def test_the_schema_refuses(charts: Charts, path: str, value: Any, said: str) -> None:
    assert said in charts.refusal("csv", "prod", **{path: value})


@pytest.mark.parametrize("service", SERVICES)
def test_values_of_the_repository_alone_deploy_nothing(charts: Charts, service: str) -> None:
    """Image, identity and addresses must be given, and what is missing is named."""
    values = ["--values", str(chart_folder(service) / "values-prod.yaml")]
    done = charts.call("template", "x", str(charts.package(service)), *values, check=False)
    assert done.returncode != 0
    for name in ("digest", "repository", "RAW_URL", "clientId", "lake"):
        assert name in done.stderr, done.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_no_values_hold_a_secret(service: str) -> None:
    """Names of secrets only; nothing that looks like one, and none of the variables that carry them."""
    fields = {name.upper() for name in SETTINGS[service].model_fields}
    secret = {name for name in fields if re.search("TOKEN$|KEY$|SECRET$|PASSWORD|DATABASE_URL|CONNECTION_STRING", name)}
    for path in chart_folder(service).glob("values*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert not [name for name in secret if f"{name}:" in text], path
        assert not re.search(
            r"://[^/\s]*:[^/\s]*@|BEGIN .*KEY|AccountKey=|InstrumentationKey=|eyJ[A-Za-z0-9]", text
        ), path


def test_autoscaling_on_and_off(charts: Charts) -> None:
    on = charts.objects("csv", "dev", autoscaling={"enabled": True, "minReplicas": 2, "maxReplicas": 3})
    scaler = only(on, "HorizontalPodAutoscaler")
    assert scaler["apiVersion"] == "autoscaling/v2"
    assert scaler["spec"]["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "csv-ingestion"}
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (2, 3)
    assert "replicas" not in only(on, "Deployment")["spec"], "else each deployment would undo the scaling"
    assert of_kind(on, "PodDisruptionBudget")
    off = charts.objects("csv", "dev", autoscaling__enabled=False)
    assert not of_kind(off, "HorizontalPodAutoscaler") and only(off, "Deployment")["spec"]["replicas"] == 1


@pytest.mark.parametrize("service", SERVICES)
def test_the_schedule_on_and_off(charts: Charts, service: str) -> None:
    cron = only(charts.objects(service, "prod"), "CronJob")
    spec, job = cron["spec"], cron["spec"]["jobTemplate"]["spec"]
    assert cron["metadata"]["name"] == f"{release_of(service)}-ingest"
    assert spec["concurrencyPolicy"] == "Forbid" and spec["suspend"] is False
    assert spec["startingDeadlineSeconds"] > 0 and job["activeDeadlineSeconds"] > 0
    # the alert KubeJobFailed lasts as long as the job: long enough to be seen, and not for ever
    assert 12 * 3600 <= job["ttlSecondsAfterFinished"] <= 48 * 3600
    assert spec["successfulJobsHistoryLimit"] > 0 and spec["failedJobsHistoryLimit"] > 0
    pod = job["template"]["spec"]
    assert pod["restartPolicy"] == "Never" and pod["containers"][0]["args"] == ["ingest", "--mode", "incremental"]
    suspended = only(charts.objects(service, "prod", cronJob__suspend=True), "CronJob")
    assert suspended["spec"]["suspend"] is True
    assert not of_kind(charts.objects(service, "prod", cronJob__enabled=False), "CronJob")


def test_what_another_try_cannot_mend_is_not_tried_again(charts: Charts) -> None:
    """The codes of the kernel's README, each on one side."""
    job = only(charts.objects("api", "prod"), "CronJob")["spec"]["jobTemplate"]["spec"]
    disruption, failing = job["podFailurePolicy"]["rules"]
    assert disruption["action"] == "Ignore" and disruption["onPodConditions"][0]["type"] == "DisruptionTarget"
    text = (ROOT / "microservices" / "kernel" / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Exit codes")[2].partition("\n## ")[0]
    documented = {int(code) for code in re.findall(r"\| (\d+) \|", table)} - {0}
    again = {69, 74, 75}
    assert set(failing["onExitCodes"]["values"]) == documented - again and again < documented
    assert failing["onExitCodes"]["containerName"] == job["template"]["spec"]["containers"][0]["name"]
    assert schemas.exit_code_of  # the kernel's own; its codes are tested there


def test_files_and_volumes_are_mounted_by_all_workers(charts: Charts) -> None:
    claims = {
        "inbox": {"mountPath": "/data/inbox", "existingClaim": "shared-inbox"},
        "lake": {
            "mountPath": "/data/lake",
            "newClaim": {"accessMode": "ReadWriteMany", "storageClassName": "azurefile-csi-nfs", "size": "100Gi"},
        },
    }
    objects = charts.objects("csv", "prod", volumes=claims, files={"ca.pem": "-----BEGIN CERTIFICATE-----"})
    for kind in ("Deployment", "CronJob"):
        spec = pod_specs(objects)[kind]
        named = {volume["name"]: volume for volume in spec["volumes"]}
        assert named["inbox"]["persistentVolumeClaim"]["claimName"] == "shared-inbox"
        assert named["lake"]["persistentVolumeClaim"]["claimName"] == "csv-ingestion-lake"
        mounts = {mount["name"]: mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
        assert (mounts["inbox"], mounts["lake"], mounts["files"]) == ("/data/inbox", "/data/lake", "/etc/ingestion")
    claim = only(objects, "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert claim["spec"]["storageClassName"] == "azurefile-csi-nfs"


def test_a_change_of_settings_makes_new_pods(charts: Charts) -> None:
    def checksum(**values: Any) -> str:
        template = only(charts.objects("csv", "prod", **values), "Deployment")["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/config"])

    same = checksum()
    assert checksum(replicaCount=3) == same
    assert checksum(settings__LOG_LEVEL="DEBUG") != same
    assert checksum(files={"a": "b"}) != same


def test_monitoring_on_and_off(charts: Charts) -> None:
    monitor = only(charts.objects("api", "prod"), "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint == {"port": "http", "path": "/metrics", "interval": "30s"}
    assert not of_kind(charts.objects("api", "prod", monitoring__enabled=False), "PodMonitor")


def test_the_test_pod_asks_the_service_that_there_is(charts: Charts) -> None:
    objects = charts.objects("api", "prod", service__port=8081)
    pod = only(objects, "Pod")
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    script = pod["spec"]["containers"][0]["command"][2]
    compile(script, "test pod", "exec")
    assert '"api-ingestion", 8081' in script and '"/health/ready"' in script
    assert only(objects, "Service")["metadata"]["name"] == "api-ingestion"
    (port,) = only(objects, "Service")["spec"]["ports"]
    assert port["port"] == 8081 and port["targetPort"] == "http"


@pytest.mark.parametrize("service", SERVICES)
def test_the_test_pod_is_still_there_when_helm_asks_for_its_log(charts: Charts, service: str) -> None:
    """`helm test --logs`, as a deployment calls it, fetches the log after the hooks' own deletions (helm/helm#9098)."""
    metadata = only(charts.objects(service, "prod"), "Pod")["metadata"]
    assert metadata["annotations"]["helm.sh/hook-delete-policy"].split(",") == ["before-hook-creation"]


@pytest.mark.parametrize("service", SERVICES)
def test_the_schema_knows_every_setting(service: str) -> None:
    schema = json.loads(schema_file(service).read_text(encoding="utf-8"))["properties"]
    known = set(schema["settings"]["properties"]) | {
        name.upper() for name in schema["secrets"]["properties"]["objects"]["properties"]
    }
    fields = {name.upper() for name in SETTINGS[service].model_fields}
    assert fields - known == {"HOST", "PORT", "STOP_TIMEOUT_SECONDS", "ADLS_ACCOUNT_KEY"}

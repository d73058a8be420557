"""What every pod of the charts must be like: restricted, probed, bounded, and shut off from what it does not need."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
import yaml
from charts import (
    ENVIRONMENTS,
    NAMESPACE,
    SERVICES,
    Charts,
    chart_folder,
    deployed,
    of_kind,
    only,
    pod_specs,
    release_of,
)
from ingestion_kernel.interfaces.http import DROP_SECONDS

EACH = [(service, environment) for service in SERVICES for environment in ENVIRONMENTS]
#: Kinds whose pods run the service itself.
WORKERS = ("Deployment", "CronJob")
#: Seconds that `serve` may take beyond STOP_TIMEOUT_SECONDS (microservices/kernel/README.md).
GONE_AFTER = 8


@pytest.mark.parametrize(("service", "environment"), EACH)
def test_pods_are_restricted(charts: Charts, service: str, environment: str) -> None:
    """Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ (restricted), and beyond it."""
    specs = pod_specs(charts.objects(service, environment))
    assert specs.keys() == {"Deployment", "CronJob", "Pod"}
    for spec in specs.values():
        pod = spec["securityContext"]
        assert pod["runAsNonRoot"] is True and pod["runAsUser"] == pod["runAsGroup"] == pod["fsGroup"] == 10001
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False
        assert all(
            set(volume) & {"emptyDir", "csi", "secret", "configMap", "persistentVolumeClaim"}
            for volume in spec.get("volumes", [])
        )
        (container,) = spec["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            "readOnlyRootFilesystem": True,
        }
        assert container["image"] == "{repository}@{digest}".format(**deployed(service)["image"])


@pytest.mark.parametrize(("service", "environment"), EACH)
def test_resources_are_bounded(charts: Charts, service: str, environment: str) -> None:
    for spec in pod_specs(charts.objects(service, environment)).values():
        (container,) = spec["containers"]
        resources = container["resources"]
        assert resources["requests"]["memory"] == resources["limits"]["memory"], "memory that is promised is there"
        assert "cpu" in resources["requests"] and "cpu" not in resources["limits"]


@pytest.mark.parametrize(("service", "environment"), EACH)
def test_the_server_is_probed_at_its_real_endpoints(charts: Charts, service: str, environment: str) -> None:
    (server,) = pod_specs(charts.objects(service, environment))["Deployment"]["containers"]
    probes = {name: server[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert probes == {
        "startup": {"path": "/health/live", "port": "http"},
        "liveness": {"path": "/health/live", "port": "http"},
        "readiness": {"path": "/health/ready", "port": "http"},
    }
    assert server["startupProbe"]["periodSeconds"] * server["startupProbe"]["failureThreshold"] >= 60
    (port,) = server["ports"]
    assert port == {"name": "http", "containerPort": 8080, "protocol": "TCP"}
    assert server["args"] == ["serve"] and {"name": "HOST", "value": "0.0.0.0"} in server["env"]


@pytest.mark.parametrize("seconds", [1, 20, 45])
def test_a_pod_outlives_what_its_service_needs_to_stop(charts: Charts, seconds: int) -> None:
    objects = charts.objects("csv", "prod", stopTimeoutSeconds=seconds)
    spec = pod_specs(objects)["Deployment"]
    assert only(objects, "ConfigMap")["data"]["STOP_TIMEOUT_SECONDS"] == str(seconds)
    command = spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    pause = int(command[-1].partition("sleep(")[2].rstrip(")"))
    assert DROP_SECONDS < GONE_AFTER
    assert spec["terminationGracePeriodSeconds"] > pause + seconds + GONE_AFTER


@pytest.mark.parametrize(("service", "environment"), EACH)
def test_pods_spread_and_may_be_moved_one_by_one(charts: Charts, service: str, environment: str) -> None:
    objects = charts.objects(service, environment)
    deployment = only(objects, "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    spread = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert [it["topologyKey"] for it in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert all(it["labelSelector"]["matchLabels"].items() <= labels.items() for it in spread)
    scalers, budgets = of_kind(objects, "HorizontalPodAutoscaler"), of_kind(objects, "PodDisruptionBudget")
    least = scalers[0]["spec"]["minReplicas"] if scalers else deployment["spec"]["replicas"]
    assert len(budgets) == (1 if least > 1 else 0), "a budget for one pod would keep its node from being drained"
    for budget in budgets:
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert environment != "prod" or least >= 2


@pytest.mark.parametrize(("service", "environment"), EACH)
def test_selectors_find_the_servers_and_no_other_pod(charts: Charts, service: str, environment: str) -> None:
    objects = charts.objects(service, environment)
    cron = only(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    server = only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    test = only(objects, "Pod")["metadata"]["labels"]
    selectors = [
        only(objects, "Service")["spec"]["selector"],
        only(objects, "Deployment")["spec"]["selector"]["matchLabels"],
    ]
    selectors += [monitor["spec"]["selector"]["matchLabels"] for monitor in of_kind(objects, "PodMonitor")]
    for selector in selectors:
        assert selector.items() <= server.items()
        assert not selector.items() <= cron.items() and not selector.items() <= test.items()


@pytest.mark.parametrize(("service", "environment"), [pair for pair in EACH if pair[1] != "local"])
def test_nothing_passes_the_network_that_is_not_named(charts: Charts, service: str, environment: str) -> None:
    objects = charts.objects(service, environment)
    policy = only(objects, "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    for labels in (
        only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"],
        only(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"],
        only(objects, "Pod")["metadata"]["labels"],
    ):
        assert policy["podSelector"]["matchLabels"].items() <= labels.items(), "no pod is without the policy"
    (ingress,) = policy["ingress"]
    assert ingress["ports"] == [{"protocol": "TCP", "port": "http"}]
    assert all(set(peer) in ({"podSelector"}, {"namespaceSelector"}) for peer in ingress["from"])
    assert all(rule["to"] and rule["ports"] for rule in policy["egress"]), "an empty list would mean everything"
    own = deployed(service)["networkPolicy"]["egress"]
    blocks = {block for rule in policy["egress"] for block in _blocks(rule)}
    for destination in own.values():
        assert {(cidr, port) for cidr in destination["cidrs"] for port in destination["ports"]} <= blocks
    assert not [cidr for cidr, _ in blocks if ip_address("169.254.169.254") in ip_network(cidr) and cidr != "0.0.0.0/0"]
    for rule in policy["egress"]:
        for peer in rule["to"]:
            if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0":
                assert {"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"} <= set(
                    peer["ipBlock"]["except"]
                )
                assert rule["ports"] == [{"protocol": "TCP", "port": 443}]


@pytest.mark.parametrize(("service", "environment"), [pair for pair in EACH if pair[1] != "local"])
def test_pods_may_ask_the_resolver_on_their_node_and_nothing_else_there(
    charts: Charts, service: str, environment: str
) -> None:
    """LocalDNS of AKS, on by default from Kubernetes 1.37. To Cilium its link-local addresses are the host's."""
    objects = charts.objects(service, environment)
    policy = only(objects, "CiliumNetworkPolicy")["spec"]
    assert policy["endpointSelector"] == only(objects, "NetworkPolicy")["spec"]["podSelector"]
    ports = [{"port": "53", "protocol": "UDP"}, {"port": "53", "protocol": "TCP"}]
    assert policy["egress"] == [{"toEntities": ["host"], "toPorts": [{"ports": ports}]}]
    assert not {"ingress", "ingressDeny", "egressDeny"} & policy.keys()


def test_without_cilium_there_is_no_policy_of_its_kind(charts: Charts) -> None:
    objects = charts.objects("csv", "prod", networkPolicy__nodeDns=False)
    assert of_kind(objects, "NetworkPolicy") and not of_kind(objects, "CiliumNetworkPolicy")


def _blocks(rule: dict[str, Any]) -> list[tuple[str, int]]:
    return [
        (peer["ipBlock"]["cidr"], port["port"]) for peer in rule["to"] if "ipBlock" in peer for port in rule["ports"]
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_callers_are_named(charts: Charts, service: str) -> None:
    (ingress,) = only(charts.objects(service, "prod", networkPolicy__callers=["portal"]), "NetworkPolicy")["spec"][
        "ingress"
    ]
    names = [
        peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for peer in ingress["from"]
        if "namespaceSelector" in peer
    ]
    assert names == ["portal", "kube-system"]


@pytest.mark.parametrize(("service", "environment"), [pair for pair in EACH if pair[1] != "local"])
def test_secrets_come_from_the_vault_as_files(charts: Charts, service: str, environment: str) -> None:
    objects = charts.objects(service, environment)
    provider = only(objects, "SecretProviderClass")
    parameters = provider["spec"]["parameters"]
    given = [yaml.safe_load(text) for text in yaml.safe_load(parameters["objects"])["array"]]
    wanted = yaml.safe_load((chart_folder(service) / "values.yaml").read_text(encoding="utf-8"))["secrets"]["objects"]
    assert {it["objectAlias"]: it["objectName"] for it in given} == wanted
    assert {it["objectType"] for it in given} == {"secret"}
    identity = deployed(service)["workloadIdentity"]
    assert (parameters["clientID"], parameters["tenantId"]) == (identity["clientId"], identity["tenantId"])
    assert "secretObjects" not in provider["spec"]
    for kind in WORKERS:
        spec = pod_specs(objects)[kind]
        (volume,) = [volume for volume in spec["volumes"] if volume["name"] == "secrets"]
        assert volume["csi"]["volumeAttributes"] == {"secretProviderClass": provider["metadata"]["name"]}
        (mount,) = [mount for mount in spec["containers"][0]["volumeMounts"] if mount["name"] == "secrets"]
        assert mount["readOnly"] and mount["mountPath"] == only(objects, "ConfigMap")["data"]["SECRETS_DIR"]


@pytest.mark.parametrize(("service", "environment"), [pair for pair in EACH if pair[1] != "local"])
def test_pods_have_the_identity_that_azure_trusts(charts: Charts, service: str, environment: str) -> None:
    """The federated credential's subject is system:serviceaccount:<namespace>:<account>: names are a contract."""
    objects = charts.objects(service, environment)
    account = only(objects, "ServiceAccount")
    assert (account["metadata"]["namespace"], account["metadata"]["name"]) == (NAMESPACE, release_of(service))
    annotations = account["metadata"]["annotations"]
    assert annotations["azure.workload.identity/client-id"] == deployed(service)["workloadIdentity"]["clientId"]
    assert 3600 <= int(annotations["azure.workload.identity/service-account-token-expiration"]) <= 86400
    for kind in WORKERS:
        assert pod_specs(objects)[kind]["serviceAccountName"] == release_of(service)
    for template in (
        only(objects, "Deployment")["spec"]["template"],
        only(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"],
    ):
        assert template["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert "azure.workload.identity/use" not in only(objects, "Pod")["metadata"]["labels"]

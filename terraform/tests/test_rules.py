"""Rules that matter, read from the code: nothing public in prod, no wildcard, no keys, alerts and budget there."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from cdp_terraform import ENVIRONMENTS, ROOT, TERRAFORM
from cdp_terraform.hcl import Block, blocks, tfvars, units

RESOURCES = [block for folder in units() for block in blocks(folder, "resource")]


def _of(kind: str) -> list[Block]:
    found = [block for block in RESOURCES if block.type == kind]
    assert found, f"no {kind} in the code"
    return found


def _settings(environment: str) -> dict[str, Any]:
    folder = TERRAFORM / "environments" / environment
    return tfvars(folder / "common.tfvars", folder / "platform.tfvars")


def test_public_addresses_follow_the_runner_alone() -> None:
    """Every module's switch is local.public, which prod's runner_access makes false."""
    text = (TERRAFORM / "platform" / "main.tf").read_text(encoding="utf-8")
    assert 'public = var.runner_access == "public"' in text
    calls = {block.name: block for block in blocks(TERRAFORM / "platform", "module")}
    for name in ("storage", "key_vault", "container_registry", "databricks_workspace"):
        assert calls[name].body["public_network_access"] == "${local.public}"
    assert (
        "public_network_access" in (grafana := str(calls["monitoring"].body["grafana"])) and "local.public" in grafana
    )
    assert _settings("prod")["runner_access"] == "self_hosted"
    assert _settings("prod")["private_endpoints"] is True


def test_modules_pass_the_switch_on() -> None:
    for kind in (
        "azurerm_storage_account",
        "azurerm_key_vault",
        "azurerm_container_registry",
        "azurerm_databricks_workspace",
    ):
        for block in _of(kind):
            if block.path.parent.name != "bootstrap":  # the states' account: Entra alone, told in its README
                assert block.body["public_network_access_enabled"] == "${var.public_network_access}", block


def test_firewalls_refuse_whom_nobody_names() -> None:
    for block in _of("azurerm_storage_account"):
        if block.path.parent.name != "bootstrap":
            assert block.body["network_rules"][0]["default_action"] == "Deny"
    for block in _of("azurerm_key_vault"):
        assert block.body["network_acls"][0]["default_action"] == "Deny"


def test_senders_of_files_have_a_way_in() -> None:
    """By the account's firewall where it has a public address, else by its endpoints. Nobody is let in by default."""
    calls = {block.name: block for block in blocks(TERRAFORM / "platform", "module")}
    assert calls["storage"].body["allowed_ip_ranges"] == "${local.public ? var.sender_ip_ranges : []}"
    assert calls["network"].body["endpoint_client_ranges"] == "${var.sender_networks}"
    (account,) = (one for one in _of("azurerm_storage_account") if one.path.parent.name == "storage")
    assert account.body["network_rules"][0]["ip_rules"] == "${var.allowed_ip_ranges}"
    rules = {block.name: block.body for block in _of("azurerm_network_security_rule")}
    assert "var.endpoint_client_ranges" in rules["endpoints_from_clients"]["source_address_prefixes"]
    assert not any({"sender_ip_ranges", "sender_networks"} & set(_settings(name)) for name in ENVIRONMENTS)


def test_no_public_address_but_the_nat_gateways() -> None:
    assert [block.name for block in _of("azurerm_public_ip")] == ["nat"]
    (workspace,) = _of("azurerm_databricks_workspace")
    assert workspace.body["custom_parameters"][0]["no_public_ip"] is True
    (cluster,) = _of("azurerm_kubernetes_cluster")
    assert cluster.body["private_cluster_enabled"] is True
    assert cluster.body["private_cluster_public_fqdn_enabled"] is False
    pools = [cluster.body["default_node_pool"][0], *(pool.body for pool in _of("azurerm_kubernetes_cluster_node_pool"))]
    assert not any(pool["node_public_ip_enabled"] for pool in pools)


def test_no_rule_lets_everybody_in() -> None:
    wide = {"*", "0.0.0.0/0", "Internet", "any", "Any"}
    for block in _of("azurerm_network_security_rule"):
        if block.body["access"] == "Deny":
            continue
        for name, value in block.body.items():
            if name.startswith(("source_address", "destination_address", "destination_port", "protocol")):
                assert not wide & set(value if isinstance(value, list) else [value]), block
    groups = _of("azurerm_network_security_group")
    assert not any("security_rule" in block.body for block in groups)


def test_clusters_reach_the_control_plane_by_its_endpoint() -> None:
    """The endpoints' subnet has a security group, and prod's clusters have no other way. See modules/network."""
    rules = {block.name: block.body for block in _of("azurerm_network_security_rule")}
    databricks = rules.get("endpoints_from_databricks", {"destination_port_ranges": ()})
    open_ports = {rules["endpoints_from_clients"]["destination_port_range"], *databricks["destination_port_ranges"]}
    assert open_ports == {"443", "3306", "6666", "8443-8451"}
    sources = str(databricks["source_address_prefixes"])
    assert "databricks_public" in sources and "databricks_private" in sources and "clients" not in sources


def test_no_keys_and_no_local_accounts() -> None:
    for block in _of("azurerm_storage_account"):
        assert block.body["shared_access_key_enabled"] is False
        assert block.body["local_user_enabled"] is False
        assert block.body["allow_nested_items_to_be_public"] is False
        assert block.body["min_tls_version"] == "TLS1_2"
    assert all(block.body["admin_enabled"] is False for block in _of("azurerm_container_registry"))
    assert all(block.body["local_account_disabled"] is True for block in _of("azurerm_kubernetes_cluster"))
    assert all(block.body["rbac_authorization_enabled"] is True for block in _of("azurerm_key_vault"))
    assert all(block.body["api_key_enabled"] is False for block in _of("azurerm_dashboard_grafana"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in TERRAFORM.rglob("*.tf"))
    for word in ("primary_access_key", "primary_connection_string", "kube_admin_config", "admin_password", "sas_token"):
        assert word not in text


def test_secrets_never_reach_the_state() -> None:
    for block in _of("azurerm_key_vault_secret"):
        assert "value" not in block.body and "value_wo" in block.body
        assert "expiration_date" in block.body
    (values,) = (one for one in blocks(TERRAFORM / "platform", "variable") if one.name == "secret_values")
    assert values.body["ephemeral"] is True and values.body["sensitive"] is True


def test_everything_logs_to_the_one_workspace() -> None:
    watched = {block.path.parent.name for block in _of("azurerm_monitor_diagnostic_setting")}
    assert watched == {"network", "container_registry", "kubernetes", "storage", "databricks_workspace", "key_vault"}


def test_what_the_platform_gives_the_identities_can_be_taken_away() -> None:
    """A lock is inherited, and a role assignment or a federated credential under one can be made and not deleted."""
    (group,) = (one for one in blocks(TERRAFORM / "bootstrap", "module") if one.name == "resource_group")
    (identity,) = (one for one in blocks(TERRAFORM / "bootstrap", "resource") if one.name == "this")
    assert identity.type == "azurerm_user_assigned_identity"
    assert identity.body["resource_group_name"] == "${module.resource_group.name}"
    assert "locked" not in group.body
    (lock,) = (one for one in _of("azurerm_management_lock") if one.path.parent.name == "bootstrap")
    assert lock.body["scope"] == "${azurerm_storage_account.state.id}"


def test_no_file_is_deleted_by_its_age() -> None:
    """In the inbox it may be one that nobody has taken yet, and nothing would tell. See modules/storage."""
    (policy,) = _of("azurerm_storage_management_policy")
    assert "delete_after" not in str(policy.body)
    for environment in ENVIRONMENTS:
        for rule in _settings(environment)["storage"]["lifecycle_rules"].values():
            assert rule and set(rule) <= {"cool_after_days", "cold_after_days"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_service_removes_the_files_that_it_took(environment: str) -> None:
    """They are clear personal data, and no lifecycle rule does it."""
    values = ROOT / "microservices" / "csv" / "helm" / f"values-{environment}.yaml"
    settings = yaml.safe_load(values.read_text(encoding="utf-8"))["settings"]
    assert {"CSV_ARCHIVE_DAYS", "CSV_REJECTED_DAYS"} <= set(settings)


def test_alerts_and_budget_are_there() -> None:
    calls = {block.name for block in blocks(TERRAFORM / "platform", "module")}
    assert {"alerts", "budget", "monitoring"} <= calls
    for kind in ("azurerm_monitor_metric_alert", "azurerm_monitor_scheduled_query_rules_alert_v2"):
        assert all("action" in block.body for block in _of(kind))
    (rules,) = _of("azurerm_monitor_alert_prometheus_rule_group")
    assert "action" in str(rules.body)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environments_have_who_is_told(environment: str) -> None:
    """And from which month on Azure is not told by them: the month would be past for an environment made later."""
    settings = _settings(environment)
    assert set(settings["budget"]) == {"monthly_amount"}
    assert settings["alert_emails"] and settings["budget"]["monthly_amount"] > 0
    assert settings["environment"] == environment


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_ingestion_is_missed_where_a_schedule_asks_for_it(environment: str) -> None:
    charts = [ROOT / "microservices" / name / "helm" for name in ("database", "api", "csv")]
    values = [(chart / f"values-{environment}.yaml").read_text(encoding="utf-8") for chart in charts]
    cron_jobs = [yaml.safe_load(text)["cronJob"] for text in values]
    scheduled = {not cron_job.get("suspend", False) for cron_job in cron_jobs}
    assert scheduled == {_settings(environment)["monitoring"]["thresholds"]["ingestion_scheduled"]}


def test_environments_differ_as_they_should() -> None:
    dev, pre, prod = (_settings(environment) for environment in ENVIRONMENTS)
    assert [one["locked"] for one in (dev, pre, prod)] == [False, False, True]
    assert [one["kubernetes"]["sku_tier"] for one in (dev, pre, prod)] == ["Free", "Standard", "Standard"]
    # of what survives a data centre, what keeps the data in the country
    assert [one["storage"]["replication"] for one in (dev, pre, prod)] == ["LRS", "ZRS", "ZRS"]
    assert not any("transfer_abroad_approved" in one for one in (dev, pre, prod))
    assert dev["monitoring"]["retention_days"] < prod["monitoring"]["retention_days"]
    assert len({one["address_space"] for one in (dev, pre, prod)}) == 3

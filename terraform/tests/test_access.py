"""No identity has more than it needs: access.yaml is the only source of rights, and says no more than this page."""

from __future__ import annotations

import re

import yaml
from cdp_terraform import TERRAFORM
from cdp_terraform.access import SOURCE, read
from cdp_terraform.hcl import blocks, units

ACCESS = read()
WRITE, READ = "Storage Blob Data Contributor", "Storage Blob Data Reader"

#: All that may touch data or secrets; a change here is a change of who sees what, and wants a second pair of eyes.
DATA_RIGHTS = {
    "database": {("container/raw", WRITE)},
    "api": {("container/raw", WRITE)},
    "csv": {("container/raw", WRITE), ("container/inbox", WRITE)},
    "job": {("container/raw", READ), *((f"container/{layer}", WRITE) for layer in ("bronze", "silver", "gold"))},
    "data_engineers": {("container/silver", READ), ("container/gold", READ)},
    "analysts": {("container/gold", READ)},
    "inbox_senders": {("container/inbox", WRITE)},
}
SECRET_RIGHTS = {
    "database": {
        "secret/database-ingestion-database-url",
        "secret/database-ingestion-service-token",
        "secret/applicationinsights-connection-string",
    },
    "api": {
        "secret/api-ingestion-api-key",
        "secret/api-ingestion-api-client-secret",
        "secret/api-ingestion-service-token",
        "secret/applicationinsights-connection-string",
    },
    "csv": {"secret/csv-ingestion-service-token", "secret/applicationinsights-connection-string"},
    "databricks_app": {"key_vault/job"},
    "deployer": {"key_vault/services", "key_vault/job"},
}
#: Roles that may be given at all.
ROLES = {
    *(WRITE, READ, "Key Vault Secrets User", "Key Vault Secrets Officer", "AcrPull", "AcrPush", "Network Contributor"),
    *("Managed Identity Operator", "Monitoring Data Reader", "Log Analytics Reader"),
    *("Grafana Admin", "Grafana Editor", "Grafana Viewer", "Azure Kubernetes Service RBAC Cluster Admin"),
    *("Azure Kubernetes Service RBAC Reader", "Azure Kubernetes Service Cluster User Role"),
}


def _rights(prefix: str) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for grant in ACCESS.azure:
        if grant["scope"].startswith(prefix):
            found.setdefault(grant["principal"], set()).add((grant["scope"], grant["role"]))
    return found


def test_nobody_has_more_on_the_lake() -> None:
    assert _rights("container/") == DATA_RIGHTS


def test_nobody_has_more_on_secrets() -> None:
    found = {who: {scope for scope, _ in rights} for who, rights in {**_rights("secret/")}.items()}
    for who, rights in _rights("key_vault/").items():
        found.setdefault(who, set()).update(scope for scope, _ in rights)
    assert found == SECRET_RIGHTS
    officers = {grant["principal"] for grant in ACCESS.azure if grant["role"] == "Key Vault Secrets Officer"}
    assert officers == {"deployer"}


def test_only_known_roles_and_principals() -> None:
    for grant in ACCESS.azure:
        assert set(grant) == {"principal", "scope", "role", "why"}
        assert grant["role"] in ROLES
        assert grant["principal"] in ACCESS.principals
    for grant in ACCESS.databricks:
        assert set(grant) == {"principal", "scope", "role", "why"}
    every = (*ACCESS.azure, *ACCESS.databricks, *ACCESS.unity_catalog)
    assert {grant["principal"] for grant in every} == set(ACCESS.principals)


def test_services_and_nodes_have_nothing_else() -> None:
    for who in ("database", "api", "csv"):
        scopes = {grant["scope"] for grant in ACCESS.azure if grant["principal"] == who}
        assert scopes == {scope for scope, _ in DATA_RIGHTS[who]} | SECRET_RIGHTS[who]
    assert [grant["role"] for grant in ACCESS.azure if grant["principal"] == "kubelet"] == ["AcrPull"]
    job = {grant["scope"] for grant in ACCESS.azure if grant["principal"] == "job"}
    assert job == {scope for scope, _ in DATA_RIGHTS["job"]}


def test_senders_have_the_inbox_alone() -> None:
    """Off unless the group is given: see the platform's own tests."""
    found = [(grant["scope"], grant["role"]) for grant in ACCESS.azure if grant["principal"] == "inbox_senders"]
    assert found == [("container/inbox", WRITE)]
    assert "inbox_senders" not in {grant["principal"] for grant in ACCESS.unity_catalog}


def test_people_have_rights_by_group_only() -> None:
    kinds = {principal["kind"] for principal in ACCESS.principals.values()}
    assert kinds == {"identity", "application", "group"}
    for path in (*(TERRAFORM / "platform").glob("*.tf"), *(TERRAFORM / "lakehouse").glob("*.tf")):
        assert not re.search(r"user_name|type\s*=\s*\"User\"", path.read_text(encoding="utf-8")), path


def test_clear_data_is_the_jobs_alone_in_the_catalog() -> None:
    """Bronze and raw hold clear personal data (docs/privacy.md)."""
    for grant in ACCESS.unity_catalog:
        assert "ALL_PRIVILEGES" not in grant["privileges"] and "MANAGE" not in grant["privileges"]
        if "bronze" in grant["securable"] or grant["principal"] == "job":
            assert grant["principal"] == "job"
        else:
            assert not {"MODIFY", "CREATE_TABLE", "WRITE_VOLUME"} & set(grant["privileges"])
            assert grant["securable"] != "catalog" or grant["privileges"] == ["USE_CATALOG"]
    raw = [grant["privileges"] for grant in ACCESS.unity_catalog if grant["securable"] == "volume/bronze.raw"]
    assert raw == [["READ_VOLUME"]]
    seen = {grant["securable"] for grant in ACCESS.unity_catalog if grant["principal"] == "analysts"}
    assert seen == {"catalog", "schema/gold"}


def test_nothing_is_assigned_elsewhere() -> None:
    found = [block for folder in units() for block in blocks(folder, "resource")]
    roles = [block for block in found if block.type == "azurerm_role_assignment"]
    assert [block.path.parent.name for block in roles] == ["access"]
    # ways around roles: access policies, local users, keys, ACLs, grants outside of the list
    forbidden = re.compile(
        r"azurerm_(key_vault_access_policy|storage_account_local_user|pim_\w+|role_definition|storage_data_lake_\w+)"
        r"|databricks_(grant|token|obo_token|secret|group_member|sql_permissions)$"
    )
    assert not [str(block) for block in found if forbidden.match(block.type)]
    for kind, names in {
        "databricks_grants": ["catalog", "schema", "volume"],
        "databricks_access_control_rule_set": ["job"],
        "databricks_permissions": ["policy", "wheels"],
    }.items():
        assert sorted(block.name for block in found if block.type == kind) == names


def test_bootstrap_gives_the_deployer_the_states_only() -> None:
    (call,) = (block for block in blocks(TERRAFORM / "bootstrap", "module") if block.name == "access")
    assert [(g["principal"], g["scope"], g["role"]) for g in call.body["grants"].values()] == [
        ("deployer", "container/tfstate", WRITE)
    ]


def test_every_scope_is_known_to_the_platform() -> None:
    text = (TERRAFORM / "platform" / "access.tf").read_text(encoding="utf-8")
    for grant in ACCESS.azure:
        part, _, name = grant["scope"].partition("/")
        assert f'"{grant["scope"]}"' in text or (f'"{part}/${{name}}"' in text and f'"{name}"' in text), grant


def test_terraform_reads_the_same_file() -> None:
    for root in ("platform/access.tf", "lakehouse/grants.tf"):
        assert 'yamldecode(file("${path.module}/../access.yaml"))' in (TERRAFORM / root).read_text(encoding="utf-8")
    # YAML 1.1 reads `on:` as a truth value, 1.2 does not: keys that both read alike
    for grant in yaml.safe_load(SOURCE.read_text(encoding="utf-8"))["unity_catalog"]:
        assert all(isinstance(key, str) for key in grant)

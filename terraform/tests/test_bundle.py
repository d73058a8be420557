"""Terraform makes what the bundle of the job stands on, under the names that the bundle uses."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from cdp_terraform import ENVIRONMENTS, ROOT, TERRAFORM, access
from cdp_terraform.hcl import blocks, tfvars

JOB = ROOT / "processing_job"
LAKEHOUSE = TERRAFORM / "lakehouse"
BUNDLE = yaml.safe_load((JOB / "databricks.yml").read_text(encoding="utf-8"))
RESOURCES = yaml.safe_load((JOB / "resources" / "etl_customers.job.yml").read_text(encoding="utf-8"))
RIGHTS = access.read().databricks
CLUSTER = RESOURCES["resources"]["jobs"]["etl_customers"]["job_clusters"][0]["new_cluster"]


def _made(kind: str, name: str) -> dict[str, Any]:
    (block,) = (one for one in blocks(LAKEHOUSE, "resource") if (one.type, one.name) == (kind, name))
    return block.body


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_catalog_and_scope(environment: str) -> None:
    wanted = BUNDLE["targets"][environment]["variables"]
    settings = tfvars(TERRAFORM / "environments" / environment / "lakehouse.tfvars")
    assert _made("databricks_catalog", "this")["name"] == "${var.environment}"
    assert settings["environment"] == wanted["catalog"]
    scope = _made("databricks_secret_scope", "job")["name"].replace("${var.environment}", environment)
    assert scope == wanted["secret_scope"]
    most = wanted.get("max_workers", BUNDLE["variables"]["max_workers"]["default"])
    assert settings["cluster"]["max_workers"] >= most
    assert BUNDLE["variables"]["node_type_id"]["default"] in settings["cluster"]["node_types"]


def test_schemas_and_volumes() -> None:
    defaults = {name: one.get("default") for name, one in BUNDLE["variables"].items()}
    text = (LAKEHOUSE / "main.tf").read_text(encoding="utf-8")
    for layer in ("bronze", "silver", "gold", "ops"):
        assert re.search(rf"^\s+{defaults[f'{layer}_schema']}\s+= \"abfss://", text, flags=re.MULTILINE)
    raw, work = _made("databricks_volume", "raw"), _made("databricks_volume", "work")
    assert (raw["name"], raw["volume_type"]) == (defaults["raw_volume"], "EXTERNAL")
    assert (work["name"], work["volume_type"]) == (defaults["work_volume"], "MANAGED")
    assert raw["schema_name"] == '${databricks_schema.this["bronze"].name}'
    assert work["schema_name"] == '${databricks_schema.this["ops"].name}'


def test_the_token_key_is_a_secret_of_the_jobs_vault() -> None:
    text = (TERRAFORM / "platform" / "secrets.tf").read_text(encoding="utf-8")
    assert f'each.key == "{BUNDLE["variables"]["token_key_name"]["default"]}" ? "job" : "services"' in text


def test_the_jobs_cluster_fits_the_policy() -> None:
    text = (LAKEHOUSE / "policy.tf").read_text(encoding="utf-8")
    fixed = dict(re.findall(r"\"?([\w.]+)\"?\s+= \{ type = \"fixed\", value = \"([^\"]+)\" \}", text))
    assert fixed["spark_version"] == CLUSTER["spark_version"]
    assert fixed["data_security_mode"] == CLUSTER["data_security_mode"]
    assert fixed["azure_attributes.availability"] == CLUSTER["azure_attributes"]["availability"]
    assert fixed["cluster_type"] == "job"


def test_who_deploys_may_let_the_job_run_as_its_principal() -> None:
    """A role that who made the principal has to be given, too:
    learn.microsoft.com/azure/databricks/security/auth/access-control/service-principal-acl."""
    job = RESOURCES["resources"]["jobs"]["etl_customers"]
    (output,) = (one for one in blocks(LAKEHOUSE, "output") if one.name == "bundle")
    variable = job["run_as"]["service_principal_name"].removeprefix("${var.").removesuffix("}")
    principal = output.body["value"][variable].removeprefix("${").removesuffix("}")
    rule_set = _made("databricks_access_control_rule_set", "job")
    assert f"/servicePrincipals/${{{principal}}}/ruleSets/default" in rule_set["name"]
    roles = {(one["principal"], one["role"]) for one in RIGHTS if one["scope"] == "service_principal/job"}
    assert roles == {("deployer", "servicePrincipal.user"), ("deployer", "servicePrincipal.manager")}
    assert "data.databricks_current_user.deployer.acl_principal_id" in str(rule_set)


def test_the_job_may_read_its_wheels() -> None:
    """The bundle's own folder is below the deployer's home, which nobody else may read."""
    folder = _made("databricks_directory", "wheels")["path"].replace("${var.environment}", "${bundle.target}")
    path = BUNDLE["workspace"]["artifact_path"]
    assert path == f"/Workspace{folder}/${{workspace.current_user.short_name}}"
    assert _made("databricks_permissions", "wheels")["directory_path"] == "${databricks_directory.wheels.path}"
    readers = [(one["principal"], one["role"]) for one in RIGHTS if one["scope"] == "directory/wheels"]
    assert readers == [("job", "CAN_READ")]


def test_outputs_are_variables_of_the_bundle() -> None:
    (output,) = (one for one in blocks(LAKEHOUSE, "output") if one.name == "bundle")
    assert set(output.body["value"]) <= set(BUNDLE["variables"])
    needed = {name for name, one in BUNDLE["variables"].items() if "default" not in one}
    assert needed - set(output.body["value"]) == {"notification_address"}


def test_the_job_is_the_bundles_alone() -> None:
    """Decision 24: two owners of a job undo each other."""
    assert not [one for one in blocks(LAKEHOUSE, "resource") if one.type in ("databricks_job", "databricks_pipeline")]


def test_the_platform_gives_what_the_lakehouse_takes() -> None:
    (output,) = (one for one in blocks(TERRAFORM / "platform", "output") if one.name == "lakehouse")
    needed = {one.name for one in blocks(LAKEHOUSE, "variable")}
    own = {"environment", "databricks_account_id", "group_names", "cluster", "skip_storage_validation"}
    assert set(output.body["value"]) == needed - own

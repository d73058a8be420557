mock_provider "databricks" {}

variables {
  workspace_url           = "https://adb-1.1.azuredatabricks.net"
  workspace_resource_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Databricks/workspaces/dbw"
  access_connector_id     = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Databricks/accessConnectors/dbac"
  storage_dfs_host        = "stmock.dfs.core.windows.net"
  job_identity_id         = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-job"
  job_identity_client_id  = "00000000-0000-0000-0000-000000000009"
  key_vault_id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
  key_vault_uri           = "https://kv.vault.azure.net/"
  databricks_account_id   = "00000000-0000-0000-0000-000000000008"
  group_names             = { operators = "cdp-operators", data_engineers = "cdp-data-engineers", analysts = "cdp-analysts" }
  environment             = "prod"
  skip_storage_validation = true
  cluster                 = { node_types = ["Standard_D4ds_v5"], max_workers = 8 }
}

run "makes_what_the_bundle_names" {
  command = apply

  assert {
    condition     = output.bundle.catalog == "prod" && output.bundle.secret_scope == "etl-customers-prod"
    error_message = "Catalog and secret scope are not the bundle's."
  }

  assert {
    condition     = databricks_external_location.layer["raw"].read_only && !databricks_external_location.layer["bronze"].read_only
    error_message = "Raw must be read only, and nothing else."
  }

  assert {
    condition     = toset(keys(databricks_grants.schema)) == toset(["bronze", "silver", "gold", "ops"])
    error_message = "Each schema has its grants."
  }

  assert {
    condition     = toset([for grant in databricks_grants.schema["bronze"].grant : grant.principal]) == toset([var.job_identity_client_id])
    error_message = "Bronze holds clear personal data: the job alone."
  }

  assert {
    condition     = databricks_access_control_rule_set.job.name == "accounts/${var.databricks_account_id}/servicePrincipals/${var.job_identity_client_id}/ruleSets/default"
    error_message = "The rule set is not that of the job's service principal."
  }

  assert {
    condition     = toset([for rule in databricks_access_control_rule_set.job.grant_rules : rule.role if contains(rule.principals, data.databricks_current_user.deployer.acl_principal_id)]) == toset(["roles/servicePrincipal.user", "roles/servicePrincipal.manager"])
    error_message = "Whoever deploys must be able to let the job run as its principal, and keep that."
  }

  assert {
    condition     = [for rule in databricks_permissions.wheels.access_control : "${rule.service_principal_name} ${rule.permission_level}"] == ["${var.job_identity_client_id} CAN_READ"]
    error_message = "The job must read its wheels, and write none."
  }

  assert {
    condition     = jsondecode(databricks_cluster_policy.job.definition)["autoscale.max_workers"].maxValue == 8
    error_message = "The policy does not bound the workers."
  }
}

run "refuses_another_environment" {
  command = plan

  variables {
    environment = "test"
  }

  expect_failures = [var.environment]
}

run "refuses_no_https" {
  command = plan

  variables {
    workspace_url = "adb-1.1.azuredatabricks.net"
  }

  expect_failures = [var.workspace_url]
}

run "refuses_no_workspace_id" {
  command = plan

  variables {
    workspace_resource_id = "dbw"
  }

  expect_failures = [var.workspace_resource_id]
}

run "refuses_no_connector_id" {
  command = plan

  variables {
    access_connector_id = "dbac"
  }

  expect_failures = [var.access_connector_id]
}

run "refuses_another_host" {
  command = plan

  variables {
    storage_dfs_host = "example.org"
  }

  expect_failures = [var.storage_dfs_host]
}

run "refuses_no_client_id" {
  command = plan

  variables {
    job_identity_client_id = "job"
  }

  expect_failures = [var.job_identity_client_id]
}

run "refuses_no_account_id" {
  command = plan

  variables {
    databricks_account_id = "my-company"
  }

  expect_failures = [var.databricks_account_id]
}

run "refuses_a_group_too_few" {
  command = plan

  variables {
    group_names = { operators = "o" }
  }

  expect_failures = [var.group_names]
}

run "refuses_no_node_types" {
  command = plan

  variables {
    cluster = { node_types = [], max_workers = 1 }
  }

  expect_failures = [var.cluster]
}

# What must hold in each environment. Run once per environment, with its tfvars: see terraform/README.md.
mock_provider "azurerm" {
  source = "../tests/mocks"
}

# An ephemeral variable must be given if a mocked apply is to find it.
variables {
  secret_values = {}
}

run "holds" {
  command = apply

  # With senders of files; the runs below do without.
  variables {
    groups = {
      platform_admins = "00000000-0000-0000-0000-000000000001"
      operators       = "00000000-0000-0000-0000-000000000002"
      data_engineers  = "00000000-0000-0000-0000-000000000003"
      analysts        = "00000000-0000-0000-0000-000000000004"
      inbox_senders   = "00000000-0000-0000-0000-000000000006"
    }
  }

  assert {
    condition     = output.cluster.command_invoke == (var.runner_access == "public")
    error_message = "Command invoke is for runners outside the network only."
  }

  assert {
    condition     = length(module.private_endpoints) == (var.private_endpoints ? 1 : 0)
    error_message = "Private endpoints do not follow the setting."
  }

  assert {
    condition     = length(try(module.private_endpoints[0].ids, {})) == { dev = 0, pre = 5, prod = 8 }[var.environment]
    error_message = "Private endpoints: lake (2), vaults (2) and registry in pre; workspace (2) and Grafana as well in prod."
  }

  assert {
    condition     = length(module.access.assignments) + length(module.access_for_cluster.assignments) == length(local.grants)
    error_message = "Not all grants of access.yaml are assigned."
  }

  assert {
    condition     = length(local.grants) == length([for grant in yamldecode(file("../access.yaml")).azure : grant if var.monitoring.grafana != null || !(grant.principal == "grafana" || startswith(grant.scope, "grafana/"))])
    error_message = "Two grants of access.yaml share a key."
  }

  assert {
    condition     = toset([for key, grant in local.grants : "${grant.principal} ${grant.role}" if grant.scope == "container/raw"]) == toset(["database Storage Blob Data Contributor", "api Storage Blob Data Contributor", "csv Storage Blob Data Contributor", "job Storage Blob Data Reader"])
    error_message = "Raw is written by the services and read by the job, and nobody else has a right on it."
  }

  assert {
    condition     = [for one in module.access.assignments : one.role if one.principal_id == var.groups.inbox_senders] == ["Storage Blob Data Contributor"]
    error_message = "Senders write to the inbox, and have no other right."
  }

  assert {
    condition     = contains(module.alerts.alert_names, "ingestion-failing") && module.budget.id != ""
    error_message = "Alerts or budget are missing."
  }

  assert {
    condition     = contains(module.alerts.alert_names, "no-ingestion") == var.monitoring.thresholds.ingestion_scheduled
    error_message = "Nobody is to be woken for an ingestion that no schedule asks for, and somebody for one that it does."
  }

  assert {
    condition     = output.lakehouse.workspace_url == "https://adb-1.1.azuredatabricks.net"
    error_message = "The lakehouse needs the workspace's address."
  }
}

run "refuses_an_identity_too_few" {
  command = plan

  variables {
    identities = {}
  }

  expect_failures = [var.identities]
}

run "refuses_an_unknown_secret" {
  command = plan

  variables {
    secret_settings = { password = { version = 1, expires = "2027-12-31T00:00:00Z" } }
  }

  expect_failures = [var.secret_settings]
}

run "writes_secrets_without_keeping_them" {
  command = apply

  variables {
    secret_settings = { token-key = { version = 1, expires = "2027-12-31T00:00:00Z" } }
    secret_values   = { token-key = "never-in-the-state" }
  }

  assert {
    condition     = [for grant in local.grants : grant.principal if grant.scope == "container/inbox"] == ["csv"]
    error_message = "Without a group of senders nobody but the CSV service has a right on the inbox."
  }

  assert {
    condition     = azurerm_key_vault_secret.given["token-key"].value_wo_version == 1 && azurerm_key_vault_secret.given["token-key"].value == null
    error_message = "The secret must be written without its value in the state."
  }
}

run "refuses_a_copy_abroad" {
  command = plan

  variables {
    storage = { replication = "GZRS", soft_delete_days = 30, lifecycle_rules = {} }
  }

  expect_failures = [var.storage]
}

run "refuses_a_copy_of_the_workspace_abroad" {
  command = plan

  variables {
    databricks = { managed_storage_sku = "Standard_GRS" }
  }

  expect_failures = [var.databricks]
}

run "takes_copies_abroad_that_were_approved" {
  command = plan

  variables {
    storage                  = { replication = "GZRS", soft_delete_days = 30, lifecycle_rules = {} }
    databricks               = { managed_storage_sku = "Standard_GRS" }
    transfer_abroad_approved = true
  }

  assert {
    condition     = var.storage.replication == "GZRS"
    error_message = "What was approved must be taken."
  }
}

run "refuses_a_group_by_name" {
  command = plan

  variables {
    groups = { platform_admins = "admins", operators = "operators", data_engineers = "engineers", analysts = "analysts" }
  }

  expect_failures = [var.groups]
}

run "refuses_a_lakehouse_app_by_name" {
  command = plan

  variables {
    databricks_app_object_id = "AzureDatabricks"
  }

  expect_failures = [var.databricks_app_object_id]
}

run "refuses_another_zone" {
  command = plan

  variables {
    zones = ["4"]
  }

  expect_failures = [var.zones]
}

run "refuses_another_service" {
  command = plan

  variables {
    service_accounts = { ftp = { namespace = "ingestion", service_account = "ftp" } }
  }

  expect_failures = [var.service_accounts]
}

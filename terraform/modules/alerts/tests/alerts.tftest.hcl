mock_provider "azurerm" {
  source = "../../tests/mocks"
}

variables {
  names                      = { dashed = "cdp-prod-brs", data_collection_endpoint = "dce-mock", data_collection_rule = "dcr-mock" }
  resource_group_name        = "rg-mock"
  location                   = "brazilsouth"
  action_group_id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Insights/actionGroups/ag-mock"
  log_analytics_workspace_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.OperationalInsights/workspaces/log-mock"
  monitor_workspace_id       = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Monitor/accounts/amw-mock"
  cluster                    = { id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.ContainerService/managedClusters/aks-mock", name = "aks-mock" }
  sources                    = ["database", "api", "csv"]
  namespace                  = "ingestion"
  storage_account_id         = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock"
  key_vault_ids              = { services = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.KeyVault/vaults/kv-a", job = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.KeyVault/vaults/kv-b" }
  thresholds                 = { no_ingestion_hours = 24, ingestion_scheduled = true, failed_run_share = 0.2, rejected_row_share = 0.05, job_minutes = 60, job_scheduled = true }
}

run "watches_all_of_it" {
  command = apply

  assert {
    condition     = length(setsubtract(["ingestion-failing", "ingestion-error-rate", "no-ingestion", "ingestion-rejected-share", "ServiceUnavailable", "KubeNodeNotReady", "job-failed", "job-over-time", "job-absent", "storage-available", "nodes-memory", "key-vault-job-available"], output.alert_names)) == 0
    error_message = "An alert is missing."
  }

  assert {
    condition     = strcontains(output.run_queries["no-ingestion"], "ago(24h)") && strcontains(output.run_queries["no-ingestion"], "['api', 'csv', 'database']")
    error_message = "The hours are not the threshold's."
  }

  assert {
    condition     = alltrue([for alert in azurerm_monitor_scheduled_query_rules_alert_v2.job : alert.action[0].action_groups[0] == var.action_group_id])
    error_message = "An alert tells nobody."
  }

  assert {
    condition     = alltrue(flatten([for group in azurerm_monitor_alert_prometheus_rule_group.this : [for rule in group.rule : length(rule.action) == 1]]))
    error_message = "An alert tells nobody."
  }

}

run "expects_no_job_without_schedule" {
  command = apply

  variables {
    thresholds = { no_ingestion_hours = 24, ingestion_scheduled = true, failed_run_share = 0.2, rejected_row_share = 0.05, job_minutes = 60, job_scheduled = false }
  }

  assert {
    condition     = !azurerm_monitor_scheduled_query_rules_alert_v2.job["job-absent"].enabled
    error_message = "A job that is paused is not absent."
  }

}

run "expects_no_ingestion_without_schedule" {
  command = apply

  variables {
    thresholds = { no_ingestion_hours = 24, ingestion_scheduled = false, failed_run_share = 0.2, rejected_row_share = 0.05, job_minutes = 60, job_scheduled = true }
  }

  assert {
    condition     = [for name, alert in azurerm_monitor_scheduled_query_rules_alert_v2.runs : name if !alert.enabled] == ["no-ingestion"]
    error_message = "A source whose schedule is suspended is not absent; what its runs by hand tell still counts."
  }

  assert {
    condition     = !contains(output.alert_names, "no-ingestion")
    error_message = "An alert that is off is not one of those that are on."
  }
}

run "refuses_a_share_of_two" {
  command = plan

  variables {
    thresholds = { no_ingestion_hours = 24, ingestion_scheduled = true, failed_run_share = 0.2, rejected_row_share = 2, job_minutes = 60, job_scheduled = true }
  }

  expect_failures = [var.thresholds]
}

run "refuses_half_an_hour" {
  command = plan

  variables {
    thresholds = { no_ingestion_hours = 0.5, ingestion_scheduled = true, failed_run_share = 0.2, rejected_row_share = 0.05, job_minutes = 60, job_scheduled = true }
  }

  expect_failures = [var.thresholds]
}

run "refuses_a_minute_of_job" {
  command = plan

  variables {
    thresholds = { no_ingestion_hours = 24, ingestion_scheduled = true, failed_run_share = 0.2, rejected_row_share = 0.05, job_minutes = 1, job_scheduled = true }
  }

  expect_failures = [var.thresholds]
}

run "refuses_no_action_group" {
  command = plan

  variables {
    action_group_id = "ag"
  }

  expect_failures = [var.action_group_id]
}

run "refuses_no_sources" {
  command = plan

  variables {
    sources = []
  }

  expect_failures = [var.sources]
}

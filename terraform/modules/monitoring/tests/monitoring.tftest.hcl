mock_provider "azurerm" {
  source = "../../tests/mocks"
}

variables {
  names               = { action_group = "ag-mock", application_insights = "appi-mock", grafana = "amg-mock", log_analytics_workspace = "log-mock", monitor_workspace = "amw-mock" }
  resource_group_name = "rg-mock"
  location            = "brazilsouth"
  retention_days      = 90
  daily_quota_gb      = 10
  alert_emails        = ["a@example.com", "b@example.com"]
  grafana             = { major_version = "12", public_network_access = false, zone_redundant = true }
}

run "tells_everybody" {
  command = apply

  assert {
    condition     = length(azurerm_monitor_action_group.this.email_receiver) == 2
    error_message = "Each address hears of alerts."
  }

  assert {
    condition     = length(azurerm_dashboard_grafana.this) == 1 && !azurerm_dashboard_grafana.this[0].api_key_enabled
    error_message = "Grafana without keys."
  }

  assert {
    condition     = !azurerm_log_analytics_workspace.this.local_authentication_enabled
    error_message = "Logs by Entra only."
  }

}

run "works_without_grafana" {
  command = apply

  variables {
    grafana = null
  }

  assert {
    condition     = length(azurerm_dashboard_grafana.this) == 0 && output.grafana == null
    error_message = "No Grafana was asked for."
  }

}

run "refuses_short_retention" {
  command = plan

  variables {
    retention_days = 7
  }

  expect_failures = [var.retention_days]
}

run "refuses_no_quota" {
  command = plan

  variables {
    daily_quota_gb = 0
  }

  expect_failures = [var.daily_quota_gb]
}

run "refuses_nobody" {
  command = plan

  variables {
    alert_emails = []
  }

  expect_failures = [var.alert_emails]
}

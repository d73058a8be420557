resource "azurerm_log_analytics_workspace" "this" {
  name                         = var.names.log_analytics_workspace
  resource_group_name          = var.resource_group_name
  location                     = var.location
  sku                          = "PerGB2018"
  retention_in_days            = var.retention_days
  daily_quota_gb               = var.daily_quota_gb
  local_authentication_enabled = false
  tags                         = var.tags
}

# The services' exporter sends with the connection string alone, so the string is a secret: it goes to Key Vault.
resource "azurerm_application_insights" "this" {
  name                         = var.names.application_insights
  resource_group_name          = var.resource_group_name
  location                     = var.location
  application_type             = "web"
  workspace_id                 = azurerm_log_analytics_workspace.this.id
  retention_in_days            = 90
  daily_data_cap_in_gb         = var.daily_quota_gb == -1 ? 100 : var.daily_quota_gb
  ip_masking_enabled           = true
  local_authentication_enabled = true
  tags                         = var.tags
}

resource "azurerm_monitor_action_group" "this" {
  name                = var.names.action_group
  resource_group_name = var.resource_group_name
  short_name          = "cdp-alerts"
  tags                = var.tags

  dynamic "email_receiver" {
    for_each = toset(var.alert_emails)

    content {
      name                    = email_receiver.value
      email_address           = email_receiver.value
      use_common_alert_schema = true
    }
  }
}

# Managed Prometheus: what the services' /metrics and the cluster say.
resource "azurerm_monitor_workspace" "this" {
  name                = var.names.monitor_workspace
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_dashboard_grafana" "this" {
  count = var.grafana == null ? 0 : 1

  name                              = var.names.grafana
  resource_group_name               = var.resource_group_name
  location                          = var.location
  sku                               = "Standard"
  grafana_major_version             = var.grafana.major_version
  api_key_enabled                   = false
  deterministic_outbound_ip_enabled = false
  public_network_access_enabled     = var.grafana.public_network_access
  zone_redundancy_enabled           = var.grafana.zone_redundant
  tags                              = var.tags

  identity {
    type = "SystemAssigned"
  }

  azure_monitor_workspace_integrations {
    resource_id = azurerm_monitor_workspace.this.id
  }
}

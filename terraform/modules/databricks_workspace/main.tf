resource "azurerm_databricks_access_connector" "this" {
  name                = var.access_connector_name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [var.job_identity_id]
  }
}

# Clusters reach the control plane by private link where there is no public front end, and by the NAT gateway else.
resource "azurerm_databricks_workspace" "this" {
  name                        = var.name
  resource_group_name         = var.resource_group_name
  location                    = var.location
  sku                         = "premium"
  managed_resource_group_name = "${var.resource_group_name}-databricks"
  tags                        = var.tags

  public_network_access_enabled         = var.public_network_access
  network_security_group_rules_required = var.public_network_access ? "AllRules" : "NoAzureDatabricksRules"
  infrastructure_encryption_enabled     = true

  custom_parameters {
    no_public_ip                                         = true
    virtual_network_id                                   = var.network.virtual_network_id
    public_subnet_name                                   = var.network.public_subnet_name
    private_subnet_name                                  = var.network.private_subnet_name
    public_subnet_network_security_group_association_id  = var.network.public_subnet_association_id
    private_subnet_network_security_group_association_id = var.network.private_subnet_association_id
    storage_account_sku_name                             = var.managed_storage_sku
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                           = "to-log-analytics"
  target_resource_id             = azurerm_databricks_workspace.this.id
  log_analytics_workspace_id     = var.log_analytics_workspace_id
  log_analytics_destination_type = "Dedicated"

  dynamic "enabled_log" {
    for_each = ["accounts", "clusters", "jobs", "secrets", "unityCatalog"]

    content {
      category = enabled_log.value
    }
  }
}

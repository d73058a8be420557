mock_provider "azurerm" {
  source = "../../tests/mocks"
}

variables {
  name                       = "dbw-mock"
  access_connector_name      = "dbac-mock"
  resource_group_name        = "rg-mock"
  location                   = "brazilsouth"
  job_identity_id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-job"
  network                    = { virtual_network_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet-mock", public_subnet_name = "snet-databricks-public", private_subnet_name = "snet-databricks-private", public_subnet_association_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet-mock/subnets/a", private_subnet_association_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet-mock/subnets/b" }
  public_network_access      = false
  managed_storage_sku        = "Standard_ZRS"
  log_analytics_workspace_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.OperationalInsights/workspaces/log-mock"
}

run "stands_in_the_network" {
  command = apply

  assert {
    condition     = azurerm_databricks_workspace.this.custom_parameters[0].no_public_ip
    error_message = "Clusters must have no public address."
  }

  assert {
    condition     = !azurerm_databricks_workspace.this.public_network_access_enabled
    error_message = "It must not answer on the internet."
  }

  assert {
    condition     = azurerm_databricks_workspace.this.network_security_group_rules_required == "NoAzureDatabricksRules"
    error_message = "Without a public front end clusters go by private link."
  }

  assert {
    condition     = azurerm_databricks_workspace.this.sku == "premium"
    error_message = "Unity Catalog needs premium."
  }

  assert {
    condition     = azurerm_databricks_access_connector.this.identity[0].type == "UserAssigned"
    error_message = "The connector must act as the job's identity."
  }

}

run "may_be_public" {
  command = apply

  variables {
    public_network_access = true
  }

  assert {
    condition     = azurerm_databricks_workspace.this.network_security_group_rules_required == "AllRules"
    error_message = "A public front end needs Databricks' rules."
  }

}

run "refuses_no_identity_id" {
  command = plan

  variables {
    job_identity_id = "job"
  }

  expect_failures = [var.job_identity_id]
}

run "refuses_another_redundancy" {
  command = plan

  variables {
    managed_storage_sku = "ZRS"
  }

  expect_failures = [var.managed_storage_sku]
}

mock_provider "azurerm" {
  source = "../../tests/mocks"
}

variables {
  name                       = "crmock"
  resource_group_name        = "rg-mock"
  location                   = "brazilsouth"
  sku                        = "Premium"
  public_network_access      = false
  zone_redundant             = true
  untagged_retention_days    = 30
  log_analytics_workspace_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.OperationalInsights/workspaces/log-mock"
}

run "is_closed" {
  command = apply

  assert {
    condition     = !azurerm_container_registry.this.admin_enabled && !azurerm_container_registry.this.anonymous_pull_enabled
    error_message = "Nobody pulls without signing in by Entra."
  }

  assert {
    condition     = !azurerm_container_registry.this.public_network_access_enabled
    error_message = "It must not answer on its public address."
  }

}

run "may_be_basic" {
  command = apply

  variables {
    sku                     = "Basic"
    public_network_access   = true
    zone_redundant          = false
    untagged_retention_days = null
  }

  assert {
    condition     = azurerm_container_registry.this.sku == "Basic"
    error_message = "Basic was asked for."
  }

}

run "refuses_a_name_with_dashes" {
  command = plan

  variables {
    name = "cr-mock"
  }

  expect_failures = [var.name]
}

run "refuses_another_sku" {
  command = plan

  variables {
    sku = "Free"
  }

  expect_failures = [var.sku]
}

run "refuses_a_private_basic" {
  command = plan

  variables {
    sku                     = "Basic"
    zone_redundant          = false
    untagged_retention_days = null
  }

  expect_failures = [var.public_network_access]
}

run "refuses_zones_of_a_standard" {
  command = plan

  variables {
    sku                     = "Standard"
    public_network_access   = true
    untagged_retention_days = null
  }

  expect_failures = [var.zone_redundant]
}

run "refuses_retention_of_a_basic" {
  command = plan

  variables {
    sku                   = "Basic"
    public_network_access = true
    zone_redundant        = false
  }

  expect_failures = [var.untagged_retention_days]
}

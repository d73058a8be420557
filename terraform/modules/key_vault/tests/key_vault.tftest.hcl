mock_provider "azurerm" {
  source = "../../tests/mocks"
}

variables {
  name                       = "kvmock"
  resource_group_name        = "rg-mock"
  location                   = "brazilsouth"
  tenant_id                  = "00000000-0000-0000-0000-0000000000aa"
  public_network_access      = false
  soft_delete_days           = 90
  purge_protection           = true
  log_analytics_workspace_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.OperationalInsights/workspaces/log-mock"
}

run "is_closed" {
  command = apply

  assert {
    condition     = azurerm_key_vault.this.rbac_authorization_enabled
    error_message = "Rights must be roles, not access policies."
  }

  assert {
    condition     = azurerm_key_vault.this.purge_protection_enabled
    error_message = "Purge protection was asked for."
  }

  assert {
    condition     = !azurerm_key_vault.this.public_network_access_enabled
    error_message = "It must not be public."
  }

  assert {
    condition     = azurerm_key_vault.this.network_acls[0].default_action == "Deny"
    error_message = "Whom nobody names must be refused."
  }

}

run "refuses_a_long_name" {
  command = plan

  variables {
    name = "kv-0123456789-0123456789-x"
  }

  expect_failures = [var.name]
}

run "refuses_an_open_range" {
  command = plan

  variables {
    allowed_ip_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "refuses_short_soft_delete" {
  command = plan

  variables {
    soft_delete_days = 6
  }

  expect_failures = [var.soft_delete_days]
}

mock_provider "azurerm" {
  source = "../../tests/mocks"
}

variables {
  name                       = "stmock"
  resource_group_name        = "rg-mock"
  location                   = "brazilsouth"
  replication                = "ZRS"
  containers                 = ["raw", "bronze", "silver", "gold", "inbox"]
  public_network_access      = false
  soft_delete_days           = 30
  lifecycle_rules            = { raw = { cool_after_days = 30, cold_after_days = 120 }, bronze = { cool_after_days = 120 } }
  log_analytics_workspace_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-mock/providers/Microsoft.OperationalInsights/workspaces/log-mock"
}

run "is_closed" {
  command = apply

  assert {
    condition     = !azurerm_storage_account.this.shared_access_key_enabled && !azurerm_storage_account.this.local_user_enabled
    error_message = "Entra must be the only way in."
  }

  assert {
    condition     = !azurerm_storage_account.this.public_network_access_enabled && !azurerm_storage_account.this.allow_nested_items_to_be_public
    error_message = "It must not be public."
  }

  assert {
    condition     = azurerm_storage_account.this.is_hns_enabled
    error_message = "Raw needs atomic renames of directories: a hierarchical namespace."
  }

  assert {
    condition     = azurerm_storage_account.this.network_rules[0].default_action == "Deny"
    error_message = "Whom nobody names must be refused."
  }

  assert {
    condition     = azurerm_storage_account.this.blob_properties[0].delete_retention_policy[0].days == 30
    error_message = "Deleted files must be kept."
  }

  assert {
    condition     = toset(keys(azurerm_storage_container.this)) == toset(["raw", "bronze", "silver", "gold", "inbox"])
    error_message = "A container for each layer, and the inbox."
  }

  assert {
    condition     = alltrue([for container in azurerm_storage_container.this : container.container_access_type == "private"])
    error_message = "A container is public."
  }

  assert {
    condition     = length(azurerm_storage_management_policy.this[0].rule) == 2
    error_message = "A lifecycle rule per container named."
  }

}

run "refuses_a_name_in_capitals" {
  command = plan

  variables {
    name = "StLake"
  }

  expect_failures = [var.name]
}

run "refuses_another_replication" {
  command = plan

  variables {
    replication = "RAGRS"
  }

  expect_failures = [var.replication]
}

run "refuses_a_missing_layer" {
  command = plan

  variables {
    containers = ["raw", "bronze", "silver"]
  }

  expect_failures = [var.containers]
}

run "refuses_an_open_range" {
  command = plan

  variables {
    allowed_ip_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "refuses_no_soft_delete" {
  command = plan

  variables {
    soft_delete_days = 0
  }

  expect_failures = [var.soft_delete_days]
}

run "refuses_deleting_by_age" {
  command = plan

  variables {
    lifecycle_rules = { inbox = { delete_after_days = 30 } }
  }

  expect_failures = [var.lifecycle_rules]
}

run "refuses_cold_before_cool" {
  command = plan

  variables {
    lifecycle_rules = { raw = { cool_after_days = 30, cold_after_days = 20 } }
  }

  expect_failures = [var.lifecycle_rules]
}

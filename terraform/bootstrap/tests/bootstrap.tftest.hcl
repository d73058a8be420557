mock_provider "azurerm" {
  source = "../tests/mocks"
}

variables {
  environment   = "dev"
  location      = "brazilsouth"
  region_code   = "brs"
  unique_suffix = "x7k2"
  owner         = "data-platform"
  cost_center   = "retail-data"
}

run "keeps_states_by_entra_alone" {
  command = apply

  assert {
    condition     = !azurerm_storage_account.state.shared_access_key_enabled && !azurerm_storage_account.state.local_user_enabled
    error_message = "Entra must be the only way in."
  }

  assert {
    condition     = azurerm_storage_account.state.blob_properties[0].versioning_enabled
    error_message = "Each version of a state must be kept."
  }

  assert {
    condition     = azurerm_management_lock.state.lock_level == "CanNotDelete" && azurerm_management_lock.state.scope == azurerm_storage_account.state.id
    error_message = "The account of the states must be locked."
  }

  assert {
    condition     = length(azurerm_user_assigned_identity.this) == 0
    error_message = "Identities are brought unless they are asked for."
  }

  assert {
    condition     = output.backend.storage_account_name == "sttfcdpdevbrsx7k2"
    error_message = "The account's name does not follow the pattern."
  }
}

run "makes_identities_if_asked" {
  command = apply

  variables {
    create_identities = true
  }

  assert {
    condition     = toset(keys(output.identities)) == toset(["database", "api", "csv", "job", "control_plane", "kubelet"])
    error_message = "The platform needs six identities."
  }
}

run "refuses_states_in_one_zone" {
  command = plan

  variables {
    state_replication = "LRS"
  }

  expect_failures = [var.state_replication]
}

run "refuses_a_short_soft_delete" {
  command = plan

  variables {
    soft_delete_days = 7
  }

  expect_failures = [var.soft_delete_days]
}

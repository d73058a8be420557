mock_provider "azurerm" {
  source = "../../tests/mocks"
}

variables {
  name     = "rg-mock"
  location = "brazilsouth"
  locked   = true
}

run "locks_where_asked" {
  command = apply

  assert {
    condition     = length(azurerm_management_lock.this) == 1
    error_message = "The lock is missing."
  }

  assert {
    condition     = azurerm_management_lock.this[0].lock_level == "CanNotDelete"
    error_message = "The lock must only forbid deletion."
  }

}

run "is_open_else" {
  command = apply

  variables {
    locked = false
  }

  assert {
    condition     = length(azurerm_management_lock.this) == 0
    error_message = "There must be no lock."
  }

}
